import { expect, test } from "vitest";
import { type Attempts, createAttempts } from "./attempts.ts";

const limits = { failedPerPeerMax: 3, failedInAllMax: 5, windowMs: 1000, atOnceMax: 50 };

/** How each of them was answered, all begun and ended in vain one after another. */
function fail(attempts: Attempts, peers: readonly string[], nowMs = 0): string[] {
  return peers.map((peer) => {
    const answer = attempts.begin(peer, nowMs);
    if (answer === "begun") attempts.end(peer, true, nowMs);
    return answer;
  });
}

test("a peer may fail so often in a window, and all peers together so often", () => {
  const attempts = createAttempts(limits);
  expect(fail(attempts, ["a", "a", "a", "a"])).toEqual(["begun", "begun", "begun", "too-many-failed"]);
  expect(fail(attempts, ["b", "c", "d"])).toEqual(["begun", "begun", "too-many-failed"]);
  expect(fail(attempts, ["a", "d"], 999)).toEqual(["too-many-failed", "too-many-failed"]);
  expect(fail(attempts, ["a", "d"], 1000)).toEqual(["begun", "begun"]);
});

test("what is under way has not failed, and what ended well never did", () => {
  const attempts = createAttempts(limits);
  const many = Array.from({ length: 40 }, () => "nat");
  expect(many.map((peer) => attempts.begin(peer, 0))).toEqual(many.map(() => "begun"));
  for (const peer of many) attempts.end(peer, false, 0);
  expect(fail(attempts, ["nat", "nat", "nat", "nat"])).toEqual(["begun", "begun", "begun", "too-many-failed"]);
});

test("only so many are under way at once, and it is said that this is why", () => {
  const attempts = createAttempts({ ...limits, atOnceMax: 2 });
  expect(["a", "b", "c"].map((peer) => attempts.begin(peer, 0))).toEqual(["begun", "begun", "too-many-at-once"]);
  attempts.end("a", false, 0);
  expect(attempts.begin("c", 0)).toBe("begun");
});
