import { EventKind } from "@salvo/proto/telemetry_pb.ts";
import { expect, test } from "vitest";
import { sessionChanges } from "./session-changes.ts";

const session = (text: string, state: string) => ({ text, state, up: state === "LOGGED_IN" });

test("a session that is lost, and is back, is told once each, with its state and the tick", () => {
  const states = [
    [session("session1", "LOGGED_IN"), session("session2", "LOGGED_IN")],
    [session("session1", "LOGGED_IN"), session("session2", "FAILED")],
    [session("session1", "LOGGED_IN"), session("session2", "FREE")],
    [session("session1", "LOGGED_IN"), session("session2", "LOGGED_IN")],
  ];
  const told = states.slice(1).map((now, index) => sessionChanges(states[index]!, now, index + 1));
  expect(told).toEqual([
    [{ kind: EventKind.PATH_DOWN, text: "session2 is FAILED at tick 1" }],
    [],
    [{ kind: EventKind.PATH_UP, text: "session2 is LOGGED_IN at tick 3" }],
  ]);
});
