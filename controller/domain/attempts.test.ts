import { expect, test } from "vitest";
import { createAttempts } from "./attempts.ts";

const limits = { perPeerMax: 3, inAllMax: 5, windowMs: 1_000 };
const admitted = (attempts: ReturnType<typeof createAttempts>, peer: string, nowMs: number, times: number) =>
  Array.from({ length: times }, () => attempts.admit(peer, nowMs)).filter(Boolean).length;

test("a peer has so many attempts in a window, and as many in the next", () => {
  const attempts = createAttempts(limits);
  expect(admitted(attempts, "a", 0, 10)).toBe(3);
  expect(admitted(attempts, "a", 999, 10)).toBe(0);
  expect(admitted(attempts, "a", 1_000, 10)).toBe(3);
});

test("all peers together have so many, whoever they are", () => {
  const attempts = createAttempts(limits);
  const taken = Array.from({ length: 100 }, (_, peer) => attempts.admit(String(peer), 0)).filter(Boolean);
  expect(taken).toHaveLength(5);
});

test("what was forgiven was no attempt", () => {
  const attempts = createAttempts(limits);
  for (let each = 0; each < 20; each++) {
    expect(attempts.admit("a", 0)).toBe(true);
    attempts.forgive("a");
  }
  expect(admitted(attempts, "a", 0, 10)).toBe(3);
  attempts.forgive("stranger");
  expect(admitted(attempts, "b", 0, 10)).toBe(2);
});
