import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Engine, Pattern, WorkloadSchema } from "@salvo/proto/workload_pb.ts";
import * as fc from "fast-check";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { gateLine } from "./gate.ts";
import { fioArguments, type JobPlace, renderJob } from "./job.ts";
import { fioSystemOf, LINUX, WINDOWS } from "./system.ts";

const MIB = 1n << 20n;
const gate = gateLine({ ready: "/run/salvo/ready", gate: "/run/salvo/gate", go: "/run/salvo/go" });

function render(workload: MessageInitShape<typeof WorkloadSchema> = {}, place: Partial<JobPlace> = {}): string {
  return renderJob(
    create(WorkloadSchema, {
      name: "w1",
      pattern: Pattern.RANDREAD,
      blockSizeBytes: 4096n,
      jobs: 1,
      queueDepth: 1,
      readPercent: 50,
      durationMs: 1000,
      direct: true,
      engine: Engine.LIBAIO,
      ...workload,
    }),
    { system: LINUX, file: "/dev/sdb", deviceBytes: 64n * MIB, reservedBytes: 0n, runtimeMs: 2500, gate, ...place },
  );
}

function options(job: string): Record<string, string> {
  return Object.fromEntries([...job.matchAll(/^(\w+)=(.*)$/gm)].map(([, key = "", value = ""]) => [key, value]));
}

test("a job file says all of the workload and nothing else", () => {
  expect(render({ jobs: 4, queueDepth: 32, offsetBytes: MIB })).toMatchInlineSnapshot(`
    "[job]
    filename=/dev/sdb
    ioengine=libaio
    direct=1
    invalidate=0
    rw=randread
    bs=4096
    numjobs=4
    iodepth=32
    offset=1048576
    size=66060288
    thread=1
    group_reporting=1
    time_based=1
    runtime=2500ms
    randrepeat=1
    norandommap=1
    allow_mounted_write=0
    lat_percentiles=1
    clat_percentiles=0
    slat_percentiles=0
    exec_prerun=exec 3</run/salvo/gate && echo . >/run/salvo/ready && ! read _ <&3 && [ -e /run/salvo/go ]
    "
  `);
});

test("sequential jobs each get their own whole blocks within the region", () => {
  const region = fc.record({
    pattern: fc.constantFrom(Pattern.READ, Pattern.WRITE, Pattern.RW),
    jobs: fc.integer({ min: 1, max: 64 }),
    blockSizeBytes: fc.constantFrom(512n, 4096n, 12_288n, MIB),
    offsetBytes: fc.bigInt({ min: 0n, max: 1000n }).map((sectors) => sectors * 512n),
    sizeBytes: fc.bigInt({ min: 64n * MIB, max: 99n * MIB }),
  });
  fc.assert(
    fc.property(region, (region) => {
      const job = options(render(region, { deviceBytes: 100n * MIB }));
      const [offset, size] = [BigInt(job["offset"] ?? -1), BigInt(job["size"] ?? 0)];
      const increment = BigInt(job["offset_increment"] ?? 0);
      expect(offset).toBe(region.offsetBytes);
      expect(size % region.blockSizeBytes).toBe(0n);
      expect(size).toBeGreaterThan(0n);
      expect(increment).toBe(region.jobs === 1 ? 0n : size);
      const unused = region.sizeBytes - size * BigInt(region.jobs);
      expect(unused).toBeGreaterThanOrEqual(0n);
      expect(unused).toBeLessThan(region.blockSizeBytes * BigInt(region.jobs));
    }),
  );
});

test("no workload that is let through reaches into what is reserved, or past the end", () => {
  const asked = fc.record({
    pattern: fc.constantFrom(
      Pattern.READ,
      Pattern.WRITE,
      Pattern.RW,
      Pattern.RANDREAD,
      Pattern.RANDWRITE,
      Pattern.RANDRW,
    ),
    jobs: fc.integer({ min: 1, max: 256 }),
    blockSizeBytes: fc.constantFrom(512n, 4096n, 12_288n, MIB, 64n * MIB),
    offsetBytes: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 70n * MIB })),
    sizeBytes: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 70n * MIB })),
    direct: fc.boolean(),
  });
  let rendered = 0;
  fc.assert(
    fc.property(asked, fc.constantFrom(512n, MIB - 1n, MIB, 64n * MIB), (workload, deviceBytes) => {
      let job: Record<string, string>;
      try {
        job = options(render(workload, { deviceBytes: deviceBytes + MIB, reservedBytes: MIB }));
      } catch (error) {
        expect(error).toMatchObject({ kind: "invalid-input" });
        return;
      }
      rendered++;
      const [first, size, jobs] = [BigInt(job["offset"]!), BigInt(job["size"]!), BigInt(job["numjobs"]!)];
      const last = first + size + BigInt(job["offset_increment"] ?? 0) * (jobs - 1n);
      expect(first).toBe(MIB + workload.offsetBytes);
      expect(size).toBeGreaterThan(0n);
      expect(last).toBeLessThanOrEqual(deviceBytes + MIB);
    }),
    { numRuns: 2_000 },
  );
  expect(rendered).toBeGreaterThan(100);
});

test("random jobs share the region, and size 0 is all that follows the offset", () => {
  const job = options(render({ jobs: 8, offsetBytes: 4096n, blockSizeBytes: 65_536n }));
  expect(job).toMatchObject({ offset: "4096", size: `${1023 * 65_536}`, numjobs: "8" });
  expect(job).not.toHaveProperty("offset_increment");
});

test("only mixed patterns have a share of reads, and their limit is split by it", () => {
  expect(options(render({ rateIopsPerJob: 100 }))).toMatchObject({ rate_iops: "100" });
  expect(options(render({ readPercent: 70 }))).not.toHaveProperty("rwmixread");
  const mixed = (readPercent: number) => options(render({ pattern: Pattern.RANDRW, readPercent, rateIopsPerJob: 100 }));
  expect(mixed(70)).toMatchObject({ rw: "randrw", rwmixread: "70", rate_iops: "70,30" });
  expect(mixed(100)).toMatchObject({ rwmixread: "100", rate_iops: "100,1" });
  expect(mixed(0)).toMatchObject({ rwmixread: "0", rate_iops: "1,99" });
});

test("buffered I/O drops the device's cached pages before the start, direct I/O has none", () => {
  expect(options(render({ direct: true }))).toMatchObject({ direct: "1", invalidate: "0" });
  expect(options(render({ direct: false }))).toMatchObject({ direct: "0" });
  expect(options(render({ direct: false }))).not.toHaveProperty("invalidate");
});

test("a colon in a path does not end it", () => {
  const file = "/dev/disk/by-path/pci-0000:00:1f.2-ata-1";
  expect(options(render({}, { file }))["filename"]).toBe("/dev/disk/by-path/pci-0000\\:00\\:1f.2-ata-1");
});

test.for<[string, MessageInitShape<typeof WorkloadSchema>, Partial<JobPlace>, RegExp]>([
  ["the size exceeds the device", { sizeBytes: 65n * MIB }, {}, /offset 0 B and size 68157440 B do not fit/],
  ["offset and size together do", { offsetBytes: MIB, sizeBytes: 64n * MIB }, {}, /do not fit into its 67108864 B$/],
  ["the offset is the device's end", { offsetBytes: 64n * MIB }, {}, /do not fit/],
  [
    "there is not one block",
    { sizeBytes: 4096n, blockSizeBytes: 8192n },
    {},
    /4096 B are less than one block of 8192 B$/,
  ],
  [
    "a job's share is not one block",
    { pattern: Pattern.READ, jobs: 65, blockSizeBytes: MIB },
    {},
    /for each of 65 seq/,
  ],
  ["direct I/O is not in sectors", { blockSizeBytes: 1000n }, {}, /must be multiples of 512 B/],
  ["direct I/O does not begin at a sector", { offsetBytes: 100n }, {}, /must be multiples of 512 B/],
  ["psync is to queue", { engine: Engine.PSYNC, queueDepth: 2 }, {}, /a queue depth of 2 would have no effect$/],
  ["the path has a variable in it", {}, { file: "/dev/${HOME}" }, /cannot hold the path/],
  ["the path has a line's end in it", {}, { file: "/dev/a\nexec_prerun=id" }, /cannot hold the path/],
  ["the path ends in a space", {}, { file: "/dev/sdb " }, /cannot hold the path/],
  ["the path is relative", {}, { file: "sdb" }, /cannot hold the path/],
])("a workload is refused when %s", ([, workload, place, why]) => {
  const refused = () => render(workload, place);
  expect(refused).toThrow(expect.objectContaining({ kind: "invalid-input", remedy: expect.any(String) }));
  expect(refused).toThrow(/^workload w1 cannot run on (\/dev\/|sdb)/);
  expect(refused).toThrow(why);
});

test("on Windows the file has a drive letter, whose colon fio must not take for the end of a name, and libaio is windowsaio", () => {
  const job = options(render({}, { system: WINDOWS, file: "D:\\my disks\\disk1.bin" }));
  expect(job).toMatchObject({
    filename: "D\\:\\my disks\\disk1.bin",
    ioengine: "windowsaio",
    thread: "1",
    direct: "1",
  });
  const disk = options(render({ engine: Engine.NULL }, { system: WINDOWS, file: WINDOWS.someDisk }));
  expect(disk).toMatchObject({ filename: "\\\\.\\PhysicalDrive0", ioengine: "null" });
});

test.for([
  "/dev/sdb",
  "disk1.bin",
  "D:disk1.bin",
  "D:\\",
  "D:\\a\\..:stream",
  "D:\\a;b",
  "D:\\%a$b",
  "D:\\a\nexec_prerun=calc",
  "D:\\a ",
  "\\\\server\\share\\disk1.bin",
  "\\\\.\\PhysicalDrive0\\x",
  "\\\\.\\C:",
])("on Windows the path %j is refused", (file) => {
  expect(() => render({}, { system: WINDOWS, file })).toThrow(/a job file cannot hold the path/);
});

test("an engine that Windows does not have is refused, with the one to use", () => {
  const refused = () => render({ engine: Engine.IO_URING }, { system: WINDOWS, file: "D:\\disk1.bin" });
  expect(refused).toThrow(/fio has no engine io_uring on Windows$/);
  expect(refused).toThrow(expect.objectContaining({ remedy: expect.stringContaining("libaio") }));
});

test("the system is told by what the agent says of its host; Linux where it says nothing", () => {
  expect(fioSystemOf({ os: "Windows Server 2019 Datacenter" })).toBe(WINDOWS);
  expect(fioSystemOf({ os: "Microsoft Windows 10" })).toBe(WINDOWS);
  expect(fioSystemOf({ os: "Debian GNU/Linux 12 (bookworm)" })).toBe(LINUX);
  expect(fioSystemOf(undefined)).toBe(LINUX);
});

test("a gate that fio would cut off is a bug", () => {
  expect(() => render({}, { gate: "echo; exit 1" })).toThrow("bug");
});

test("fio itself accepts a job of every pattern and engine", () => {
  const folder = mkdtempSync(join(tmpdir(), "salvo-job-"));
  try {
    const jobs = [Pattern.READ, Pattern.WRITE, Pattern.RW, Pattern.RANDREAD, Pattern.RANDWRITE, Pattern.RANDRW].flatMap(
      (pattern) =>
        [Engine.LIBAIO, Engine.IO_URING, Engine.PSYNC, Engine.NULL].map((engine) => {
          const file = join(folder, `${pattern}-${engine}.fio`);
          writeFileSync(file, render({ pattern, engine, jobs: 2, rateIopsPerJob: 10 }, { file: `${folder}/a:b c#d` }));
          return file;
        }),
    );
    const parse = (...files: string[]) => execFileSync("fio", ["--parse-only", ...files], { stdio: "pipe" });
    expect(() => parse(...jobs)).not.toThrow();
    writeFileSync(join(folder, "wrong.fio"), `${render()}no_such_option=1\n`);
    expect(() => parse(join(folder, "wrong.fio"))).toThrow();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("fio is asked for json+ on standard output and for no status of its own accord", () => {
  expect(fioArguments("/run/job.fio")).toEqual(["--output-format=json+", "--eta=never", "/run/job.fio"]);
  expect(() => fioArguments("--output=x")).toThrow("bug");
});
