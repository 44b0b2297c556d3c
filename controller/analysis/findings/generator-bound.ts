import type { FindingFacts } from "./facts.ts";
import { type Found, percent } from "./rule.ts";

const BUSY_MIN = 0.9;
const STEAL_MIN = 0.1;

/** The hosts that run fio had no processor time left, or did not get what they asked for. */
export function generatorBound({ hosts }: FindingFacts): Found[] {
  return hosts
    .filter(({ isGuest }) => isGuest)
    .flatMap(({ agent, cores }): Found[] => {
      const sum = (of: "busyMs" | "stealMs" | "allMs") => cores.reduce((all, core) => all + core[of], 0);
      const allMs = sum("allMs");
      if (allMs === 0) return [];
      const [busy, steal] = [sum("busyMs") / allMs, sum("stealMs") / allMs];
      if (busy <= BUSY_MIN && steal <= STEAL_MIN) return [];
      const stolen = steal > STEAL_MIN;
      return [
        {
          name: "generator-bound",
          sentence: stolen
            ? `the hypervisor took ${percent(steal)} of the time of the cores of ${agent}: the load generator may be what was measured`
            : `all ${cores.length} cores of ${agent} were ${percent(busy)} busy: the load generator may be what was measured`,
          evidence: [
            { what: "busy, all cores", value: busy * 100, unit: "%", agent },
            { what: "taken by the hypervisor", value: steal * 100, unit: "%", agent },
          ],
          confidence: busy > 0.97 || steal > 0.2 ? "high" : "medium",
          next: stolen
            ? "Give the guest cores of its own, or run fewer guests on its hypervisor"
            : "Give the guest more cores, or spread the load over more guests",
        },
      ];
    });
}
