import { Verdict } from "@salvo/proto/run_pb.ts";
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

test("every verdict of the contract has an exit of its own choosing", () => {
  const names = Object.keys(Verdict).map((name) => name.toLowerCase());
  expect(names).toContain("complete");
  for (const name of names.filter((each) => each !== "unspecified")) expect(exitOfVerdict(name), name).not.toBe("bug");
});
