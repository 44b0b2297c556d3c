/** What keeps a process from the CPUs of its host, as the kernel tells it at one instant. */
export interface CpuLimits {
  /** Of the process's cgroup and of all above it, those with a limit. */
  readonly quotas: readonly Quota[];
  /** CPUs that are online and that the process may run on, ascending. */
  readonly allowedCpus: readonly number[];
  readonly onlineCpus: number;
}

export interface Quota {
  readonly cgroup: string;
  readonly quotaUs: number;
  readonly periodUs: number;
  /** Since the cgroup was made. */
  readonly periods: number;
  readonly throttledPeriods: number;
  readonly throttledUs: number;
}

/** Whether anything keeps the process from any CPU. */
export function isLimited({ quotas, allowedCpus, onlineCpus }: CpuLimits): boolean {
  return quotas.length > 0 || allowedCpus.length < onlineCpus;
}

/** Before the time that counts: the limits alone. */
export function withoutCounts(limits: CpuLimits): CpuLimits {
  const none = { periods: 0, throttledPeriods: 0, throttledUs: 0 };
  return { ...limits, quotas: limits.quotas.map((quota) => ({ ...quota, ...none })) };
}

/** What the quotas cost between two readings. A cgroup that was not there before began at 0. */
export function limitsSince(before: CpuLimits | undefined, after: CpuLimits): CpuLimits {
  const quotas = after.quotas.map((now) => {
    const then = before?.quotas.find(({ cgroup }) => cgroup === now.cgroup);
    const passed = (key: "periods" | "throttledPeriods" | "throttledUs") => {
      const grown = now[key] - (then?.[key] ?? 0);
      return grown < 0 ? now[key] : grown;
    };
    return {
      ...now,
      periods: passed("periods"),
      throttledPeriods: passed("throttledPeriods"),
      throttledUs: passed("throttledUs"),
    };
  });
  return { ...after, quotas };
}
