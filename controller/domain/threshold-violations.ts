import type { Study } from "@salvo/proto/study_pb.ts";
import type { Violation } from "@salvo/shared/config/rules.ts";
import { parseThreshold } from "./threshold-text.ts";
import { matchesGlob } from "./glob.ts";

/** Thresholds that cannot be read, or that are about nothing in the study: they would never fail. */
export function thresholdViolations({ thresholds, workloads, scenarios }: Study): Violation[] {
  const hasScenario = (name: string) => scenarios.some((scenario) => scenario.name === name);
  return thresholds.flatMap(({ workload, scenario, expect }, index) => {
    const at = `thresholds[${index}]`;
    const found: Violation[] = [];
    const say = (key: string, message: string) => found.push({ path: `${at}.${key}`, message });
    if (!workloads.some(({ name }) => matchesGlob(workload, name)))
      say("workload", `is ${workload}, which no workload is called`);
    if (!scenarios.some(({ name }) => matchesGlob(scenario, name)))
      say("scenario", `is ${scenario}, which no scenario is called`);
    if (expect === "") return found; // said by the rules
    const expected = parseThreshold(expect);
    if ("problem" in expected) say("expect", expected.problem);
    else if (expected.type === "ratio")
      for (const name of [expected.scenario, expected.base])
        if (!hasScenario(name)) say("expect", `names ${name}, which no scenario is called`);
    return found;
  });
}
