/** Which agents take part in a scenario's runs without fio. Pure. */
import type { Lab } from "@salvo/proto/lab_pb.ts";
import type { Scenario } from "@salvo/proto/study_pb.ts";
import type { Violation } from "@salvo/shared/config/rules.ts";
import { attachersOf } from "./guests.ts";
import { participantsOf } from "./scenario-storage.ts";
import { suggestion } from "./suggestion.ts";

/** Those that the scenario lists, the target of its storage, and hypervisors. One that takes part itself is sampled as a participant. */
export function observersOf(scenario: Scenario, lab: Lab): ReadonlySet<string> {
  const taking = takingPart(scenario, lab);
  const { observe, storage } = scenario;
  return new Set(
    [...observe, ...(storage ? [storage.target, ...attachersOf(storage, lab).keys()] : [])].filter(
      (id) => !taking.has(id),
    ),
  );
}

/** What is wrong with a scenario's `observe`, which is at `at` in the study. */
export function observeViolations(scenario: Scenario, at: string, lab: Lab): Violation[] {
  const known = lab.agents.map(({ id }) => id);
  const taking = takingPart(scenario, lab);
  return scenario.observe.flatMap((id, index) => {
    const path = `${at}[${index}]`;
    if (!known.includes(id))
      return [{ path, message: `is ${id}, which lab ${lab.name} does not have${suggestion(id, known)}` }];
    if (scenario.observe.indexOf(id) < index) return [{ path, message: `is ${id}, as before` }];
    if (!taking.has(id)) return [];
    return [
      { path, message: `is ${id}, which takes part in the scenario: every participant's host is sampled anyway` },
    ];
  });
}

function takingPart({ storage, participants }: Scenario, lab: Lab): ReadonlySet<string> {
  return new Set((storage ? participantsOf(storage, lab) : participants).map(({ agent }) => agent));
}
