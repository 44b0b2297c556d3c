/** What keeps a process from the CPUs of this host: quotas of cgroups of either version, and the CPUs that it may run on. */
import type { CpuLimits, Quota } from "@salvo/shared/agent/domain/cpu-limit.ts";
import { linuxHost } from "./provision/host.ts";

/** fio may be started by a script that stays: so many of its descendants are looked at. */
const DESCENDANTS_MAX = 16;

/** Of a process, or of the fio that it started. Undefined when the process is gone. */
export function readCpuLimits(pid: number, root = ""): CpuLimits | undefined {
  const proc = `${root}/proc/${fioAmong(pid, root)}`;
  const allowed = allowedCpus(linuxHost.read(`${proc}/status`));
  const cgroups = linuxHost.read(`${proc}/cgroup`);
  if (!allowed || cgroups === undefined) return undefined;
  const online = cpuList(linuxHost.read(`${root}/sys/devices/system/cpu/online`) ?? "");
  const mounts = linuxHost.read(`${root}/proc/self/mountinfo`) ?? "";
  return {
    quotas: hierarchies(cgroups, mounts).flatMap((hierarchy) => quotasOf(hierarchy, root)),
    allowedCpus: online.filter((cpu) => allowed.includes(cpu)),
    onlineCpus: online.length,
  };
}

/** The process itself, unless one of those that it started is called fio. */
function fioAmong(pid: number, root: string): number {
  const queue = [pid];
  for (const each of queue) {
    if (linuxHost.read(`${root}/proc/${each}/comm`) === "fio") return each;
    const children = linuxHost.read(`${root}/proc/${each}/task/${each}/children`) ?? "";
    const room = DESCENDANTS_MAX - queue.length;
    queue.push(...children.split(" ").filter(Boolean).slice(0, room).map(Number));
  }
  return pid;
}

function allowedCpus(status: string | undefined): number[] | undefined {
  const [, list] = /^Cpus_allowed_list:\s+(\S+)$/m.exec(status ?? "") ?? [];
  return list === undefined ? undefined : cpuList(list);
}

/** 0-3,8: cpuset(7), "List format". */
export function cpuList(text: string): number[] {
  return text
    .trim()
    .split(",")
    .filter(Boolean)
    .flatMap((range) => {
      const [first = 0, last = first] = range.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

interface Hierarchy {
  readonly version: 1 | 2;
  /** Where it is mounted, and what part of it: another root than / in a container. */
  readonly mountPoint: string;
  readonly mountRoot: string;
  /** Of the process. */
  readonly cgroup: string;
}

/** Those that can limit CPU time. cgroups(7), "/proc files"; proc_pid_mountinfo(5). */
function hierarchies(cgroups: string, mounts: string): Hierarchy[] {
  return cgroups.split("\n").flatMap((line) => {
    const [, controllers, cgroup] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || cgroup === undefined) return [];
    const version = controllers === "" ? 2 : 1;
    if (version === 1 && !controllers.split(",").includes("cpu")) return [];
    const mount = mounts
      .split("\n")
      .map(parseMount)
      .find((each) => each?.version === version);
    return mount ? [{ ...mount, cgroup }] : [];
  });
}

function parseMount(line: string): Omit<Hierarchy, "cgroup"> | undefined {
  const [fields = "", about = ""] = line.split(" - ");
  const [, , , mountRoot, mountPoint] = fields.split(" ");
  const [type, , options = ""] = about.split(" ");
  if (mountRoot === undefined || mountPoint === undefined) return undefined;
  if (type === "cgroup2") return { version: 2, mountPoint, mountRoot };
  return type === "cgroup" && options.split(",").includes("cpu") ? { version: 1, mountPoint, mountRoot } : undefined;
}

/** Of the process's cgroup, and of all above it that can be seen from here. */
function quotasOf({ version, mountPoint, mountRoot, cgroup }: Hierarchy, root: string): Quota[] {
  const readQuota = version === 1 ? readQuotaV1 : readQuotaV2;
  return upwards(below(mountRoot, cgroup)).flatMap((path) => {
    const folder = `${root}${mountPoint}${path === "/" ? "" : path}`;
    const limit = readQuota(folder);
    return limit ? [{ cgroup: path, ...limit, ...readCost(folder) }] : [];
  });
}

/** The part of a cgroup's path that is below the mount's root. One that is elsewhere cannot be seen: all is below the root. */
function below(mountRoot: string, cgroup: string): string {
  if (mountRoot === "/") return cgroup.startsWith("/..") ? "/" : cgroup;
  return cgroup.startsWith(`${mountRoot}/`) ? cgroup.slice(mountRoot.length) : "/";
}

/** /a/b, /a, / */
function upwards(path: string): string[] {
  const names = path.split("/").filter(Boolean);
  return Array.from({ length: names.length + 1 }, (_, cut) => `/${names.slice(0, names.length - cut).join("/")}`);
}

type Limit = Pick<Quota, "quotaUs" | "periodUs">;

/** Documentation/scheduler/sched-bwc.rst: -1 is no limit. */
function readQuotaV1(folder: string): Limit | undefined {
  const quotaUs = Number(linuxHost.read(`${folder}/cpu.cfs_quota_us`));
  const periodUs = Number(linuxHost.read(`${folder}/cpu.cfs_period_us`));
  return quotaUs > 0 && periodUs > 0 ? { quotaUs, periodUs } : undefined;
}

/** Documentation/admin-guide/cgroup-v2.rst, cpu.max: "30000 100000", or "max 100000". */
function readQuotaV2(folder: string): Limit | undefined {
  const [, quota, period] = /^(\d+) (\d+)$/.exec(linuxHost.read(`${folder}/cpu.max`) ?? "") ?? [];
  return quota !== undefined && period !== undefined ? { quotaUs: Number(quota), periodUs: Number(period) } : undefined;
}

/** cpu.stat of both versions: version 1 has throttled_time in ns, version 2 throttled_usec. */
function readCost(folder: string): Omit<Quota, "cgroup" | keyof Limit> {
  const stat = new Map(
    (linuxHost.read(`${folder}/cpu.stat`) ?? "").split("\n").map((line) => {
      const [name = "", value = ""] = line.split(" ");
      return [name, Number(value)];
    }),
  );
  const throttledNs = stat.get("throttled_time");
  return {
    periods: stat.get("nr_periods") ?? 0,
    throttledPeriods: stat.get("nr_throttled") ?? 0,
    throttledUs: throttledNs === undefined ? (stat.get("throttled_usec") ?? 0) : Math.round(throttledNs / 1000),
  };
}
