import { sha256 } from "../../../kernel/sha256.ts";

/** A step with its ops as the provider describes them. */
export interface DescribedStep {
  readonly id: string;
  readonly commands: readonly string[];
  /** What would take it back. */
  readonly undoing: readonly string[];
}

/**
 * What Apply is bound to. spec: what was wanted, in one form only (JSON with its keys in order); with it two specs that need the
 * same steps are still two plans. Nothing secret is in either.
 */
export function hashOfPlan(spec: string, steps: readonly DescribedStep[]): string {
  const parts = steps.map(({ id, commands, undoing }) => [id, commands, undoing]);
  return sha256(JSON.stringify([spec, parts]));
}
