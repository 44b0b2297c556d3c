import { sha256 } from "../../../kernel/sha256.ts";
import type { Step } from "./diff.ts";
import { commandOf } from "./op.ts";

/**
 * What Apply is bound to. spec: what was wanted, in one form only (JSON with its keys in order); with it two specs that need the
 * same steps are still two plans. Nothing secret is in either.
 */
export function hashOfPlan(spec: string, steps: readonly Step[]): string {
  const parts = steps.map(({ id, ops, inverse }) => [id, ops.map(commandOf), inverse.map(commandOf)]);
  return sha256(JSON.stringify([spec, parts]));
}
