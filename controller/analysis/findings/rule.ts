import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Finding, FindingSchema, type EvidenceSchema } from "@salvo/proto/run_pb.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import type { FindingFacts } from "./facts.ts";

export type Evidence = Exclude<MessageInitShape<typeof EvidenceSchema>, { readonly $typeName: string }>;

export interface Found {
  readonly name: string;
  /** One sentence, without a full stop. */
  readonly sentence: string;
  readonly evidence: readonly Evidence[];
  readonly confidence: "high" | "medium" | "low";
  /** One sentence, without a full stop. */
  readonly next: string;
}

/** Looks at one thing. Silent (an empty list) unless its evidence is there. */
export type Rule = (facts: FindingFacts) => readonly Found[];

export function findingOf(found: Found): Finding {
  assert(found.evidence.length > 0, `the finding ${found.name} has no evidence`);
  return create(FindingSchema, { ...found, evidence: [...found.evidence] });
}

/** 0.953 is `95 %`. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
