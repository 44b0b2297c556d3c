import { RunPhase } from "@salvo/proto/agent_pb.ts";
import { expect, test } from "vitest";
import { workOf } from "./in-use.ts";

const DATA = "/var/lib/salvo/agent";
const idle = { fioIn: [] };
const fio = { fioIn: [`${DATA}/runs/run-1/guest1.disk`] };

test("an agent is at work from arming to the end of its run, whatever else it holds", () => {
  const held = { run: "old", phase: RunPhase.ENDED };
  expect(workOf([], idle, DATA)).toBeUndefined();
  expect(workOf([held], idle, DATA)).toBeUndefined();
  for (const phase of [RunPhase.ARMING, RunPhase.ARMED, RunPhase.COMMITTED, RunPhase.RUNNING, RunPhase.ENDING])
    expect(workOf([held, { run: "run-1", phase }], idle, DATA)).toBe("run run-1");
});

test("of an agent that does not answer fio in its folder tells; fio of others does not", () => {
  expect(workOf(undefined, fio, DATA)).toContain("fio works in its folder");
  expect(workOf(undefined, { fioIn: ["/root", `${DATA}-2/runs/x`] }, DATA)).toBeUndefined();
  expect(workOf(undefined, idle, DATA)).toBeUndefined();
});
