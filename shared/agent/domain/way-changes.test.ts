import { EventKind } from "@salvo/proto/telemetry_pb.ts";
import { expect, test } from "vitest";
import { wayChanges } from "./way-changes.ts";

const way = (text: string, state: string) => ({ text, state, up: state === "LOGGED_IN" });

test("a way that is lost, and is back, is told once each, with its state and the tick", () => {
  const states = [
    [way("session1", "LOGGED_IN"), way("session2", "LOGGED_IN")],
    [way("session1", "LOGGED_IN"), way("session2", "FAILED")],
    [way("session1", "LOGGED_IN"), way("session2", "FREE")],
    [way("session1", "LOGGED_IN"), way("session2", "LOGGED_IN")],
  ];
  const told = states.slice(1).map((now, index) => wayChanges(states[index]!, now, index + 1));
  expect(told).toEqual([
    [{ kind: EventKind.PATH_DOWN, text: "session2 is FAILED at tick 1" }],
    [],
    [{ kind: EventKind.PATH_UP, text: "session2 is LOGGED_IN at tick 3" }],
  ]);
});
