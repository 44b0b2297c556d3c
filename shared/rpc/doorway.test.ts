import fc from "fast-check";
import { expect, test } from "vitest";
import { createDoorway } from "./doorway.ts";

test("when it is full the oldest of whoever has the most goes, and who has one stays", () => {
  const doorway = createDoorway(4);
  doorway.enter("lone", "controller");
  for (const key of ["a", "b", "c"]) expect(doorway.enter(key, "flood")).toEqual({ type: "admitted" });
  expect(doorway.enter("d", "flood")).toEqual({ type: "instead-of", key: "a" });
  expect(doorway.enter("late", "controller")).toEqual({ type: "instead-of", key: "b" });
  doorway.leave("lone");
  expect(doorway.enter("e", "flood")).toEqual({ type: "admitted" });
});

test("nobody takes the place of one that is being served", () => {
  const doorway = createDoorway(2);
  for (const key of ["a", "b"]) {
    doorway.enter(key, "guest");
    doorway.settle(key);
  }
  expect(doorway.enter("c", "guest")).toEqual({ type: "refused" });
  doorway.leave("a");
  expect(doorway.enter("c", "guest")).toEqual({ type: "admitted" });
});

test("it never holds more than it may, whatever comes and goes", () => {
  const step = fc.record({
    what: fc.constantFrom("enter", "settle", "leave"),
    key: fc.nat(30),
    host: fc.constantFrom("x", "y", "z"),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(step), (max, steps) => {
      const doorway = createDoorway(max);
      const inside = new Set<string>();
      for (const [index, { what, key, host }] of steps.entries()) {
        if (what === "enter") {
          const admission = doorway.enter(`${index}`, host);
          if (admission.type !== "refused") inside.add(`${index}`);
          if (admission.type === "instead-of") expect(inside.delete(admission.key)).toBe(true);
        } else if (what === "settle") doorway.settle(`${key}`);
        else {
          doorway.leave(`${key}`);
          inside.delete(`${key}`);
        }
        expect(doorway.size).toBe(inside.size);
        expect(doorway.size).toBeLessThanOrEqual(max);
      }
    }),
  );
});
