/** What one workload asks for that does not go together. Pure; the study file and every agent are checked with it. */
import { Engine, Pattern, type Workload } from "@salvo/proto/workload_pb.ts";
import { parseBlockMix } from "./block-mix.ts";
import { distributionProblem } from "./distribution.ts";

export interface WorkloadProblem {
  /** The workload's property. */
  readonly key: string;
  /** Reads on from the name of the property's key. */
  readonly message: string;
  /** The property is not set, so a file has no place for it. */
  readonly unset?: true;
}

const RANDOM: ReadonlySet<Pattern> = new Set([Pattern.RANDREAD, Pattern.RANDWRITE, Pattern.RANDRW]);
const READING_ONLY: ReadonlySet<Pattern> = new Set([Pattern.READ, Pattern.RANDREAD]);
const WRITING_ONLY: ReadonlySet<Pattern> = new Set([Pattern.WRITE, Pattern.RANDWRITE]);

export function workloadProblems(workload: Workload): WorkloadProblem[] {
  return [
    ...blockProblems(workload),
    ...rateProblems(workload),
    ...writeProblems(workload),
    ...distributionProblems(workload),
    ...verifyProblems(workload),
  ];
}

function blockProblems({ blockSizeBytes, blockSizeMix }: Workload): WorkloadProblem[] {
  if (blockSizeMix === "")
    return blockSizeBytes === 0n
      ? [{ key: "blockSizeBytes", message: "must be at least 512B, but is 0B", unset: true }]
      : [];
  if (blockSizeBytes !== 0n)
    return [{ key: "blockSizeMix", message: "takes the place of blockSize: leave one of them out" }];
  const mix = parseBlockMix(blockSizeMix);
  return "problem" in mix ? [{ key: "blockSizeMix", message: mix.problem }] : [];
}

function rateProblems({ rateIopsPerJob, ratePerJobBytes, thinkTimeMs }: Workload): WorkloadProblem[] {
  const hasRate = rateIopsPerJob > 0 || ratePerJobBytes > 0n;
  if (rateIopsPerJob > 0 && ratePerJobBytes > 0n)
    return [{ key: "ratePerJobBytes", message: "limits what rateIopsPerJob limits already: leave one of them out" }];
  if (thinkTimeMs > 0 && hasRate)
    return [{ key: "thinkTimeMs", message: "limits what a rate limits already: leave one of them out" }];
  return [];
}

function writeProblems(workload: Workload): WorkloadProblem[] {
  const { pattern, engine, fsyncEvery, fdatasyncEvery, compressiblePercent } = workload;
  const used: readonly (readonly [key: string, isUsed: boolean])[] = [
    ["fsyncEvery", fsyncEvery > 0],
    ["fdatasyncEvery", fdatasyncEvery > 0],
    ["compressiblePercent", compressiblePercent !== undefined],
  ];
  const inVain = used.filter(([, isUsed]) => isUsed && (READING_ONLY.has(pattern) || engine === Engine.NULL));
  const why = READING_ONLY.has(pattern) ? "a pattern that only reads" : "engine null";
  const found = inVain.map(([key]) => ({ key, message: `is about writes, and has no effect with ${why}` }));
  if (fsyncEvery > 0 && fdatasyncEvery > 0)
    found.push({ key: "fdatasyncEvery", message: "cannot be had beside fsyncEvery: leave one of them out" });
  return found;
}

function distributionProblems({ distribution, pattern }: Workload): WorkloadProblem[] {
  if (distribution === "") return [];
  const problem = distributionProblem(distribution);
  if (problem !== undefined) return [{ key: "distribution", message: problem }];
  return RANDOM.has(pattern)
    ? []
    : [{ key: "distribution", message: "needs a random pattern: randread, randwrite or randrw" }];
}

/** fio cannot check what another job, or a block of another size, has overwritten in the meantime. */
function verifyProblems(workload: Workload): WorkloadProblem[] {
  const { verify, pattern, engine, jobs, blockSizeMix, distribution } = workload;
  if (!verify) return [];
  const say = (message: string): WorkloadProblem[] => [{ key: "verify", message }];
  if (!WRITING_ONLY.has(pattern)) return say("needs the pattern write or randwrite: it reads back what was written");
  if (engine === Engine.NULL) return say("cannot work with engine null, which moves no data");
  if (jobs > 1) return say(`needs jobs: 1, not ${jobs}: jobs would overwrite each other's blocks`);
  if (blockSizeMix !== "") return say("needs one blockSize: blocks of a mix would overwrite parts of each other");
  return distribution === "" ? [] : say("cannot be had with distribution, which writes some blocks again and again");
}
