/** The rules, each of which looks at one thing; what they find, the surest first. Pure. */
import type { Finding } from "@salvo/proto/run_pb.ts";
import { cacheNotDisk } from "./cache-not-disk.ts";
import type { FindingFacts } from "./facts.ts";
import { generatorBound } from "./generator-bound.ts";
import { lineRateReached } from "./line-rate-reached.ts";
import { looseTiming } from "./loose-timing.ts";
import { oneCoreSaturated } from "./one-core-saturated.ts";
import { queueLimitReached } from "./queue-limit-reached.ts";
import { findingOf, type Found, type Rule } from "./rule.ts";
import { sessionsOnOneCore } from "./sessions-on-one-core.ts";
import { storageDidNotAnswer } from "./storage-did-not-answer.ts";
import { unfairShare } from "./unfair-share.ts";

const RULES: readonly Rule[] = [
  storageDidNotAnswer,
  lineRateReached,
  oneCoreSaturated,
  sessionsOnOneCore,
  generatorBound,
  queueLimitReached,
  unfairShare,
  cacheNotDisk,
  looseTiming,
];

/** More would be read by nobody. */
const FINDINGS_MAX = 20;

export function findingsOf(facts: FindingFacts): Finding[] {
  const found = RULES.flatMap((rule) => rule(facts));
  const rank = ({ confidence }: Found) => ["high", "medium", "low"].indexOf(confidence);
  return found
    .toSorted((a, b) => rank(a) - rank(b))
    .slice(0, FINDINGS_MAX)
    .map(findingOf);
}
