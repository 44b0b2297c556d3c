import type { FindingFacts } from "./facts.ts";
import { type Found, percent } from "./rule.ts";

const CORES_MIN = 4;
/** Of all interrupt work of the host. */
const SHARE_MIN = 0.8;
/** Of the core's time: below it the interrupts are too few to matter. */
const BUSY_MIN = 0.3;

/** Several sessions lead to a host, and one core does nearly all work of its network. */
export function sessionsOnOneCore({ spec, hosts }: FindingFacts): Found[] {
  const attached = spec.storage?.attached ?? [];
  const sessions = new Set(
    attached.flatMap(({ agent, luns }) => luns.map(({ session, portal }) => `${agent} ${session} ${portal?.address}`)),
  ).size;
  if (sessions < 2) return [];
  return hosts.flatMap(({ agent, cores }): Found[] => {
    const all = cores.reduce((sum, { softirqMs }) => sum + softirqMs, 0);
    const [top] = cores
      .map(({ softirqMs, allMs }, core) => ({ softirqMs, allMs, core }))
      .toSorted((a, b) => b.softirqMs - a.softirqMs);
    if (!top || cores.length < CORES_MIN || all === 0) return [];
    const [share, busy] = [top.softirqMs / all, top.softirqMs / top.allMs];
    if (share < SHARE_MIN || busy < BUSY_MIN) return [];
    return [
      {
        name: "sessions-on-one-core",
        sentence: `core ${top.core} of ${agent} did ${percent(share)} of the interrupt work of ${sessions} sessions`,
        evidence: [
          { what: "share of the host's interrupt work", value: share * 100, unit: "%", agent, core: top.core },
          { what: "interrupts", value: busy * 100, unit: "%", agent, core: top.core },
          { what: "sessions", value: sessions },
        ],
        confidence: "medium",
        next: "Give each session a queue of its own: more queues of the network card, other ports, or interrupts bound to other cores",
      },
    ];
  });
}
