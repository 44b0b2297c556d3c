import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseSubject, presenceSubject, runSubject, runSubjects, streamName, type Kind } from "./subjects.ts";

const token = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/);

test("every subject that is built can be parsed back", () => {
  const kind = fc.constantFrom<Kind>("fio", "cpu", "disk", "hv", "event");
  fc.assert(
    fc.property(token, token, kind, token, (lab, run, kind, agent) => {
      const subject = { lab, run, kind, agent };
      expect(parseSubject(runSubject(subject))).toEqual({ type: "run", ...subject });
      expect(parseSubject(presenceSubject(lab, agent))).toEqual({ type: "presence", lab, agent });
    }),
  );
});

test.each(["", "a.b", "a b", "*", ">", "-a", "Agent1", "a\r\n", "a".repeat(64), "ä"])(
  "the name %j is refused, whichever token it should be",
  (bad) => {
    const good = { lab: "lab1", run: "r1", kind: "fio", agent: "guest1" } as const;
    for (const what of ["lab", "run", "agent"] as const) {
      expect(() => runSubject({ ...good, [what]: bad })).toThrow(`cannot be the ${what} of a subject`);
    }
    expect(() => presenceSubject("lab1", bad)).toThrow("agent");
    expect(() => runSubjects("lab1", bad)).toThrow("run");
    expect(() => streamName(bad)).toThrow("lab");
  },
);

test.each([
  "other.lab1.run.r1.fio.guest1",
  "salvo.lab1.run.r1.fio",
  "salvo.lab1.run.r1.fio.guest1.more",
  "salvo.lab1.run.r1.memory.guest1",
  "salvo.lab1.run.r1.fio.*",
  "salvo.lab1.agent.guest1.absence",
  "salvo.lab1.agent.guest1",
  "salvo",
])("%s is none of our subjects", (subject) => {
  expect(parseSubject(subject)).toBeUndefined();
});
