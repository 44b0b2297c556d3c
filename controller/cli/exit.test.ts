import { worstExit } from "@salvo/shared/kernel/exit.ts";
import { expect, test } from "vitest";
import { exitOfVerdict } from "./exit.ts";

test("of several runs the worst decides: one to be done again is better than one to be put right", () => {
  const exit = (...verdicts: string[]) => worstExit(verdicts.map(exitOfVerdict));
  expect(exit()).toBe(0);
  expect(exit("complete", "complete")).toBe(0);
  expect(exit("complete", "degraded")).toBe(3);
  expect(exit("incomplete", "complete")).toBe(3);
  expect(exit("invalid", "degraded")).toBe(4);
  expect(exit("complete", "aborted", "degraded")).toBe(5);
  expect(exit("complete", "aborted", "invalid")).toBe(4);
});

test("a verdict that there is not is a bug of Salvo", () => {
  expect(exitOfVerdict("unknown")).toBe("bug");
});
