/** Findings that need several runs: how figures go with block size and with queue depth. Pure. */
import type { Finding } from "@salvo/proto/run_pb.ts";
import type { ComparedRun } from "../comparison/compared-run.ts";
import { gainsWithBlockSize } from "./gains-with-block-size.ts";
import { kneeOfDepth } from "./knee-of-depth.ts";
import { findingOf } from "./rule.ts";

export function findingsAcross(runs: readonly ComparedRun[]): Finding[] {
  const complete = runs.filter(({ verdict }) => verdict === "complete");
  return [kneeOfDepth, gainsWithBlockSize].flatMap((rule) => rule(complete)).map(findingOf);
}
