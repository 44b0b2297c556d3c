import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cpuList, readCpuLimits } from "./cpu-limit.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "salvo-cpu-limit-"));
  await make({ "sys/devices/system/cpu/online": "0-3\n" });
});
afterEach(() => rm(root, { recursive: true }));

async function make(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
}

interface Process {
  readonly cgroup: string;
  readonly allowed?: string;
  readonly comm?: string;
  readonly children?: string;
}

function process(pid: number, { cgroup, allowed = "0-3", comm = "fio", children = "" }: Process): Promise<void> {
  return make({
    [`proc/${pid}/cgroup`]: cgroup,
    [`proc/${pid}/status`]: `Name:\t${comm}\nCpus_allowed:\tf\nCpus_allowed_list:\t${allowed}\n`,
    [`proc/${pid}/comm`]: `${comm}\n`,
    [`proc/${pid}/task/${pid}/children`]: children,
  });
}

const mounts = (...lines: string[]) => make({ "proc/self/mountinfo": `${lines.join("\n")}\n` });
const V2 = "35 24 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate";

const quota = (cgroup: string, quotaUs: number, periods = 0, throttledPeriods = 0, throttledUs = 0) => ({
  cgroup,
  quotaUs,
  periodUs: 100_000,
  periods,
  throttledPeriods,
  throttledUs,
});

test("version 2: limits of the cgroup and of all above it, with what they cost", async () => {
  await mounts("24 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw", V2);
  await process(7, { cgroup: "0::/system.slice/salvo-agent.service/run\n" });
  const slice = "sys/fs/cgroup/system.slice";
  await make({
    [`${slice}/salvo-agent.service/run/cpu.max`]: "max 100000\n",
    [`${slice}/salvo-agent.service/cpu.max`]: "30000 100000\n",
    [`${slice}/salvo-agent.service/cpu.stat`]:
      "usage_usec 900\nuser_usec 500\nsystem_usec 400\nnr_periods 84\nnr_throttled 67\nthrottled_usec 5432100\n",
    [`${slice}/cpu.max`]: "200000 100000\n",
  });
  expect(readCpuLimits(7, root)).toEqual({
    quotas: [quota("/system.slice/salvo-agent.service", 30_000, 84, 67, 5_432_100), quota("/system.slice", 200_000)],
    allowedCpus: [0, 1, 2, 3],
    onlineCpus: 4,
  });
});

test("version 1, beside a version 2 that has no controller: the hierarchy of cpu alone", async () => {
  await mounts(
    "31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct",
    "33 30 0:30 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset",
    "40 30 0:37 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw",
  );
  await process(7, { cgroup: "3:cpuset:/other\n2:cpu,cpuacct:/bench\n0::/\n" });
  await make({
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/cpu,cpuacct/bench/cpu.cfs_quota_us": "30000\n",
    "sys/fs/cgroup/cpu,cpuacct/bench/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/cpu,cpuacct/bench/cpu.stat": "nr_periods 84\nnr_throttled 67\nthrottled_time 5432100499\n",
  });
  expect(readCpuLimits(7, root)?.quotas).toEqual([quota("/bench", 30_000, 84, 67, 5_432_100)]);
});

test("in a container the root of the mount is the limit's place, with and without a namespace of its own", async () => {
  await make({ "sys/fs/cgroup/cpu.max": "150000 100000\n", "sys/fs/cgroup/job/cpu.max": "50000 100000\n" });
  await mounts(V2);
  await process(7, { cgroup: "0::/\n" });
  expect(readCpuLimits(7, root)?.quotas).toEqual([quota("/", 150_000)]);
  await process(7, { cgroup: "0::/../sibling\n" });
  expect(readCpuLimits(7, root)?.quotas, "one that cannot be seen").toEqual([quota("/", 150_000)]);
  await mounts(V2.replace(" / /sys", " /docker/abc /sys"));
  await process(7, { cgroup: "0::/docker/abc/job\n" });
  expect(readCpuLimits(7, root)?.quotas).toEqual([quota("/job", 50_000), quota("/", 150_000)]);
});

test("CPUs that it may run on are those that are online as well", async () => {
  await mounts(V2);
  await process(7, { cgroup: "0::/\n", allowed: "1-2,8-127" });
  expect(readCpuLimits(7, root)).toEqual({ quotas: [], allowedCpus: [1, 2], onlineCpus: 4 });
});

test("a fio that was started by a script that stays is looked at, and not the script or what it started besides", async () => {
  await mounts(V2);
  await make({ "sys/fs/cgroup/low/cpu.max": "1000 100000\n", "sys/fs/cgroup/high/cpu.max": "9000 100000\n" });
  await process(7, { comm: "wrapper", children: "8 9 ", cgroup: "0::/low\n" });
  await process(8, { comm: "tee", cgroup: "0::/low\n" });
  await process(9, { comm: "sh", children: "10 ", cgroup: "0::/low\n" });
  await process(10, { comm: "fio", cgroup: "0::/high\n" });
  expect(readCpuLimits(7, root)?.quotas).toEqual([quota("/high", 9_000)]);
  expect(readCpuLimits(8, root)?.quotas, "no fio at all").toEqual([quota("/low", 1_000)]);
});

test("a process that is gone has no limits", async () => {
  await mounts(V2);
  expect(readCpuLimits(7, root)).toBeUndefined();
});

test("lists of CPUs are single ones and ranges", () => {
  expect(cpuList("0-3,8\n")).toEqual([0, 1, 2, 3, 8]);
  expect(cpuList("")).toEqual([]);
});

test("this process may run on as many CPUs as Node says", () => {
  expect(readCpuLimits(globalThis.process.pid)?.allowedCpus).toHaveLength(availableParallelism());
});
