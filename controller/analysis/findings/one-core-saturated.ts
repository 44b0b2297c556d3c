import type { CoreSum } from "../core-sums.ts";
import type { FindingFacts, HostFigures } from "./facts.ts";
import { type Evidence, type Found, percent } from "./rule.ts";

const BUSY_MIN = 0.9;
/** Above this all cores are the limit, which generator-bound tells. */
const OTHERS_MAX = 0.7;

/** One core has no time left while the others have. */
export function oneCoreSaturated({ hosts }: FindingFacts): Found[] {
  return hosts.flatMap(foundOn);
}

function foundOn({ agent, cores, isTarget }: HostFigures): Found[] {
  const busy = cores.map(({ busyMs, allMs }, core) => ({ core, share: allMs > 0 ? busyMs / allMs : 0 }));
  const [top] = busy.toSorted((a, b) => b.share - a.share);
  const sums = top && cores[top.core];
  if (!top || !sums || busy.length < 2 || top.share < BUSY_MIN) return [];
  const others = busy.filter(({ core }) => core !== top.core);
  const mean = others.reduce((sum, { share }) => sum + share, 0) / others.length;
  if (mean > OTHERS_MAX) return [];
  const kinds = kindsOf(sums);
  const [most] = kinds.toSorted((a, b) => b.share - a.share);
  const on = { agent, core: top.core };
  return [
    {
      name: "one-core-saturated",
      sentence: `core ${top.core} of ${agent} was ${percent(top.share)} busy, mostly with ${most?.name}, while its other cores were ${percent(mean)} busy`,
      evidence: [
        { what: "busy", value: top.share * 100, unit: "%", ...on },
        ...kinds.map(({ name, share }): Evidence => ({ what: name, value: share * 100, unit: "%", ...on })),
        { what: "busy, mean of the other cores", value: mean * 100, unit: "%", agent },
      ],
      confidence: top.share >= 0.95 ? "high" : "medium",
      next: most?.name === "interrupts" ? SPREAD_INTERRUPTS : isTarget ? MORE_THREADS : MORE_JOBS,
    },
  ];
}

const SPREAD_INTERRUPTS = "Spread interrupts over cores: more queues of the network card, RSS or RPS, or more sessions";
const MORE_THREADS =
  "Give the target more threads, LUNs or sessions: one of each is served by one core in many targets";
const MORE_JOBS = "Give fio more jobs, or each guest more LUNs and adapters, so that more cores can issue I/O";

function kindsOf({ userMs, systemMs, softirqMs, stealMs, allMs }: CoreSum) {
  return [
    { name: "user code", share: userMs / allMs },
    { name: "the kernel", share: systemMs / allMs },
    { name: "interrupts", share: softirqMs / allMs },
    { name: "time that the hypervisor took", share: stealMs / allMs },
  ];
}
