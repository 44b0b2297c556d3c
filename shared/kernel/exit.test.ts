import { expect, test } from "vitest";
import { type ErrorKind, SalvoError } from "./error.ts";
import { EXIT, type Exit, exitOfError, failureOf, WORST_FIRST, worstExit } from "./exit.ts";

test("what is wrong with the input is told from what is wrong with the world, and both from bugs", () => {
  const codes = (kinds: readonly ErrorKind[]) => new Set(kinds.map(exitOfError));
  expect(codes(["invalid-input"])).toEqual(new Set([2]));
  expect(codes(["internal"])).toEqual(new Set([1]));
  expect(codes(["cancelled"])).toEqual(new Set([130]));
  const world = [
    "not-found",
    "wrong-state",
    "refused",
    "unavailable",
    "timeout",
    "out-of-resources",
    "program-failed",
    "corrupt",
  ] as const;
  expect(codes(world)).toEqual(new Set([6]));
});

test("no two exits share a code, and each has its place in the order", () => {
  const codes = Object.values(EXIT).map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
  expect(WORST_FIRST.toSorted()).toEqual(Object.keys(EXIT).toSorted());
});

test("of several ends the worst is told, whatever its number", () => {
  const worst = (...ends: Exit[]) => worstExit(ends);
  expect(worst()).toBe(0);
  expect(worst("ok", "degraded")).toBe(3);
  expect(worst("aborted", "invalid", "degraded")).toBe(4);
  expect(worst("invalid", "environment")).toBe(6);
  expect(worst("environment", "interrupted")).toBe(130);
});

test("a failure is told in a sentence, a bug with its place", () => {
  const missing = new SalvoError("not-found", "no such program", { remedy: "Install it." });
  expect(failureOf("salvo", missing)).toEqual({ text: "salvo: no such program. Install it.\n", code: 6 });
  expect(failureOf("salvo", new TypeError("x is undefined"))).toEqual({
    text: expect.stringMatching(/^salvo: SalvoError: x is undefined\n +at /),
    code: 1,
  });
});
