import { SalvoError, type ErrorKind } from "@salvo/shared/kernel/error.ts";
import { Verdict } from "@salvo/proto/run_pb.ts";
import { expect, test } from "vitest";
import { EXIT, exitOfError, exitOfVerdicts } from "./exit.ts";

test("what is wrong with the input is told from what is wrong with the world, and both from bugs", () => {
  const codes = (kinds: readonly ErrorKind[]) =>
    new Set(kinds.map((kind) => exitOfError(new SalvoError(kind, "").kind)));
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

test("of several runs the worst decides", () => {
  expect(exitOfVerdicts([])).toBe(0);
  expect(exitOfVerdicts(["complete", "complete"])).toBe(0);
  expect(exitOfVerdicts(["complete", "degraded"])).toBe(3);
  expect(exitOfVerdicts(["incomplete", "complete"])).toBe(3);
  expect(exitOfVerdicts(["invalid", "degraded"])).toBe(4);
  expect(exitOfVerdicts(["complete", "aborted", "invalid"])).toBe(5);
});

test("every verdict of the contract has an exit of its own choosing", () => {
  const names = Object.keys(Verdict).map((name) => name.toLowerCase());
  expect(names).toContain("complete");
  for (const name of names.filter((each) => each !== "unspecified"))
    expect(exitOfVerdicts([name]), name).not.toBe(EXIT.bug.code);
});

test("no two exits share a code", () => {
  const codes = Object.values(EXIT).map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
});
