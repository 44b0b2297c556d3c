import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Engine, Pattern, WorkloadSchema } from "@salvo/proto/workload_pb.ts";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { jobIopsMax } from "./job-limit.ts";
import { renderJob } from "./job.ts";
import { LINUX } from "./system.ts";
import { workloadProblems } from "./workload-problems.ts";

type Change = MessageInitShape<typeof WorkloadSchema>;

const folder = mkdtempSync(join(tmpdir(), "salvo-options-"));
afterAll(() => rmSync(folder, { recursive: true }));

const BASE = {
  name: "w1",
  pattern: Pattern.RANDWRITE,
  blockSizeBytes: 4096n,
  jobs: 1,
  queueDepth: 4,
  readPercent: 50,
  durationMs: 1000,
  direct: true,
  engine: Engine.LIBAIO,
} as const;

function workload(change: Change = {}) {
  return create(WorkloadSchema, { ...BASE, ...change });
}

function render(change: Change = {}, gate = "true"): string {
  const place = { system: LINUX, file: join(folder, "disk"), deviceBytes: 8n << 20n, reservedBytes: 0n };
  return renderJob(workload(change), { ...place, runtimeMs: 1000, gate });
}

const MIX = { blockSizeBytes: 0n, blockSizeMix: "4KiB/60:64KiB/40" };

/** Each field that came after the first version, with what fio is told for it. */
const OPTIONS: readonly (readonly [field: string, change: Change, lines: readonly string[]])[] = [
  ["block_size_mix", MIX, ["bssplit=4096/60:65536/40"]],
  ["distribution", { distribution: "zipf:1.2" }, ["random_distribution=zipf:1.2"]],
  ["distribution", { distribution: "pareto:0.9" }, ["random_distribution=pareto:0.9"]],
  ["distribution", { distribution: "normal:20" }, ["random_distribution=normal:20"]],
  ["distribution", { distribution: "zoned:60/10:40/90" }, ["random_distribution=zoned:60/10:40/90"]],
  ["distribution", { distribution: "uniform" }, ["random_distribution=random"]],
  ["rate_per_job_bytes", { ratePerJobBytes: 10_485_760n }, ["rate=10485760"]],
  ["rate_per_job_bytes", { ratePerJobBytes: 1000n, pattern: Pattern.RW, readPercent: 70 }, ["rate=700,300"]],
  ["fsync_every", { fsyncEvery: 32 }, ["fsync=32"]],
  ["fdatasync_every", { fdatasyncEvery: 8 }, ["fdatasync=8"]],
  ["think_time_ms", { thinkTimeMs: 10 }, ["thinktime=10ms"]],
  ["compressible_percent", { compressiblePercent: 0 }, ["refill_buffers=1", "buffer_compress_percentage=0"]],
  ["compressible_percent", { compressiblePercent: 60 }, ["refill_buffers=1", "buffer_compress_percentage=60"]],
  ["verify", { verify: true }, ["verify=crc32c", "verify_backlog=1024", "serialize_overlap=1"]],
  ["seed", { seed: 77 }, ["randseed=77"]],
];

test("every field of a workload reaches fio, or is known not to be fio's", () => {
  const notFios = ["name", "ramp_ms", "duration_ms"];
  const before =
    "pattern block_size_bytes jobs queue_depth read_percent rate_iops_per_job size_bytes offset_bytes direct engine";
  const known = new Set([...notFios, ...before.split(" "), ...OPTIONS.map(([field]) => field)]);
  expect(WorkloadSchema.fields.map(({ name }) => name).filter((name) => !known.has(name))).toEqual([]);
});

test.for(OPTIONS)("fio itself takes what is written for %s (%#)", ([, change, lines]) => {
  expect(workloadProblems(workload(change))).toEqual([]);
  const job = render(change);
  const before = new Set(render().split("\n"));
  for (const line of lines) {
    expect(job.split("\n")).toContain(line);
    expect(before).not.toContain(line);
  }
  const file = join(folder, "option.fio");
  writeFileSync(file, job);
  expect(() => execFileSync("fio", ["--parse-only", file], { stdio: "pipe" })).not.toThrow();
});

test.for<[string, Change, RegExp]>([
  ["blockSizeBytes", { blockSizeBytes: 0n }, /must be at least 512B/],
  ["blockSizeMix", { blockSizeMix: "4KiB/100" }, /takes the place of blockSize/],
  ["blockSizeMix", { ...MIX, blockSizeMix: "4KiB/60:64KiB/39" }, /shares of 100 percent together, but they are 99/],
  ["blockSizeMix", { ...MIX, blockSizeMix: "4096/60:64KiB/40" }, /must be sizes with percentages/],
  ["blockSizeMix", { ...MIX, blockSizeMix: "4KiB/60:4KiB/40" }, /has 4KiB twice/],
  ["blockSizeMix", { ...MIX, blockSizeMix: "4KiB/100:8KiB/0" }, /share of 0/],
  ["blockSizeMix", { ...MIX, blockSizeMix: "1B/100" }, /512B to 64MiB/],
  ["distribution", { distribution: "zipf:1" }, /not 1/],
  ["distribution", { distribution: "zipf:1.2\nexec_prerun=id" }, /zipf needs/],
  ["distribution", { distribution: "pareto:1.1" }, /between 0 and 1/],
  ["distribution", { distribution: "normal:101" }, /deviation in percent/],
  ["distribution", { distribution: "zoned:60/10:40/80" }, /100 percent of space in all zones, but has 90/],
  ["distribution", { distribution: "zoned:50/10:40/90" }, /100 percent of accesses in all zones, but has 90/],
  ["distribution", { distribution: "zoned:100/100" }, /2 to 256 zones/],
  ["distribution", { distribution: "gauss:2" }, /must be uniform, zipf:1.2/],
  ["distribution", { distribution: "zipf:1.2", pattern: Pattern.WRITE }, /needs a random pattern/],
  ["ratePerJobBytes", { ratePerJobBytes: 4096n, rateIopsPerJob: 5 }, /leave one of them out/],
  ["thinkTimeMs", { thinkTimeMs: 5, rateIopsPerJob: 5 }, /leave one of them out/],
  ["fsyncEvery", { fsyncEvery: 1, pattern: Pattern.RANDREAD }, /no effect with a pattern that only reads/],
  ["compressiblePercent", { compressiblePercent: 0, engine: Engine.NULL }, /no effect with engine null/],
  ["fdatasyncEvery", { fsyncEvery: 1, fdatasyncEvery: 1 }, /beside fsyncEvery/],
  ["verify", { verify: true, pattern: Pattern.RANDRW }, /needs the pattern write or randwrite/],
  ["verify", { verify: true, engine: Engine.NULL }, /moves no data/],
  ["verify", { verify: true, jobs: 2 }, /needs jobs: 1, not 2/],
  ["verify", { verify: true, ...MIX }, /one blockSize/],
  ["verify", { verify: true, distribution: "zipf:1.2" }, /again and again/],
])("what does not go together is refused at %s (%#)", ([key, change, message]) => {
  const problems = workloadProblems(workload(change));
  expect(problems.map((each) => each.key)).toEqual([key]);
  expect(problems[0]?.message).toMatch(message);
  expect(() => render(change)).toThrow(expect.objectContaining({ kind: "invalid-input" }));
});

test("a verified run of real fio reads back what it wrote, and ends when a block is not what was written", () => {
  const job = render({ verify: true, pattern: Pattern.WRITE, sizeBytes: 4n << 20n });
  const file = join(folder, "verify.fio");
  const run = (change: (job: string) => string) => {
    writeFileSync(file, change(job));
    const { status, stdout } = spawnSync("fio", ["--output-format=json", file], { encoding: "utf8", cwd: folder });
    return { status, reads: Number(/"read" : \{[^}]*?"total_ios" : (\d+)/s.exec(stdout)?.[1]) };
  };
  const whole = run((text) => text);
  expect(whole.status).toBe(0);
  expect(whole.reads).toBeGreaterThan(0);
  // A second pass that only reads finds what a first one wrote, and not what somebody else did.
  writeFileSync(join(folder, "disk"), Buffer.alloc(8 << 20, 1));
  const spoilt = run((text) => text.replace("rw=write", "rw=read").replace("time_based=1", "time_based=0"));
  expect(spoilt.status).not.toBe(0);
});

test("a limit in bytes or a think time is one in I/Os, at the largest blocks", () => {
  expect(jobIopsMax(workload({ ratePerJobBytes: 65_536n * 10n, ...MIX }))).toBe(10);
  expect(jobIopsMax(workload({ thinkTimeMs: 20 }))).toBe(50);
  expect(jobIopsMax(workload({ rateIopsPerJob: 7 }))).toBe(7);
  expect(jobIopsMax(workload())).toBe(0);
});
