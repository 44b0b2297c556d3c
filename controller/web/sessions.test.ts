import { expect, test } from "vitest";
import { createSessions, LINK_LIFE_MS, SESSION_LIFE_MS } from "./sessions.ts";

function clocked() {
  const clock = { ms: 1_000_000 };
  return { clock, sessions: createSessions(() => clock.ms) };
}

test("a link opens one session, and none a second time", () => {
  const { sessions } = clocked();
  const link = sessions.link();
  const cookie = sessions.signIn(link);
  expect(sessions.find(cookie ?? "")).toEqual({ csrf: expect.stringMatching(/^[\w-]{43}$/) });
  expect(sessions.signIn(link)).toBeUndefined();
  expect(sessions.signIn("")).toBeUndefined();
  expect(sessions.find("")).toBeUndefined();
  expect(sessions.find(link), "a link is no cookie").toBeUndefined();
});

test("a link and a session end by themselves, and a session when its owner signs out", () => {
  const { clock, sessions } = clocked();
  const old = sessions.link();
  clock.ms += LINK_LIFE_MS;
  expect(sessions.signIn(old)).toBeUndefined();
  const [one = "", two = ""] = [sessions.signIn(sessions.link()), sessions.signIn(sessions.link())];
  sessions.signOut(one);
  expect(sessions.find(one)).toBeUndefined();
  clock.ms += SESSION_LIFE_MS - 1;
  expect(sessions.find(two)).toBeDefined();
  clock.ms += 1;
  expect(sessions.find(two)).toBeUndefined();
});
