import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { beforeEach, expect, test } from "vitest";
import type { Desk } from "./desk.ts";
import { consoleRoutes } from "./routes.ts";
import { createSessions, type Sessions } from "./sessions.ts";

const HOST = "127.0.0.1:8443";
let sessions: Sessions;
let started: string[];
let ask: (path: string, init?: RequestInit) => Promise<Response>;
let cookie: string;
let csrf: string;
let nowMs: number;

beforeEach(() => {
  nowMs = 1_000_000;
  sessions = createSessions(() => nowMs);
  started = [];
  const desk: Desk = {
    state: () => ({ queue: [] }),
    async start(file) {
      if (file === "bad.yaml")
        throw new SalvoError("invalid-input", "a rate is wrong", { file, line: 3, remedy: "Mend it" });
      started.push(file);
    },
    stop() {},
    withdraw() {},
    follow: () => ({ [Symbol.dispose]() {} }),
    async [Symbol.asyncDispose]() {},
  };
  const app = consoleRoutes({
    lab: "lab1",
    version: "1",
    desk,
    sessions,
    assets: { html: "<p>", script: "1", style: "p{}" },
    hosts: new Set([HOST]),
    studies: async () => [],
    agents: async () => [],
    runs: async () => [],
    report: async (runs) => `<h1>${runs.length}</h1>`,
    nowMs: () => nowMs,
  });
  ask = async (path, { headers, ...init } = {}) =>
    app.request(`https://${HOST}${path}`, {
      ...init,
      headers: { host: HOST, ...Object.fromEntries(new Headers(headers)) },
    });
  cookie = `__Host-salvo=${sessions.signIn(sessions.link())}`;
  csrf = sessions.find(cookie.split("=")[1] ?? "")?.csrf ?? "";
});

const start = (file: unknown, headers: Record<string, string>) =>
  ask("/api/start", { method: "POST", body: JSON.stringify({ file }), headers });

test("who is signed in starts a study; what speaks against it is told with its place", async () => {
  expect(await start("a.yaml", { cookie, "x-salvo-csrf": csrf })).toMatchObject({ status: 200 });
  expect(started).toEqual(["a.yaml"]);
  const refused = await start("bad.yaml", { cookie, "x-salvo-csrf": csrf });
  expect(refused.status).toBe(409);
  expect(await refused.json()).toEqual({ problem: "bad.yaml:3: a rate is wrong. Mend it" });
});

test.for<readonly [what: string, headers: () => Record<string, string>, status: number]>([
  ["no session", () => ({ "x-salvo-csrf": csrf }), 401],
  ["a session that never was", () => ({ cookie: "__Host-salvo=guess", "x-salvo-csrf": csrf }), 401],
  ["no token of the page", () => ({ cookie }), 403],
  ["another token", () => ({ cookie, "x-salvo-csrf": "guess" }), 403],
  ["another host's name", () => ({ cookie, "x-salvo-csrf": csrf, host: "evil.example" }), 421],
])("nothing is started with %s", async ([, headers, status]) => {
  expect((await start("a.yaml", headers())).status).toBe(status);
  expect(started).toEqual([]);
});

test.for(["{", "[]", "null", '{"file":3}', "{}"])("a body that is not what is wanted is refused: %s", async (body) => {
  const answer = await ask("/api/start", { method: "POST", body, headers: { cookie, "x-salvo-csrf": csrf } });
  expect({ status: answer.status, json: await answer.json() }).toEqual({
    status: 409,
    json: { problem: "the body must be JSON with file" },
  });
  expect(started).toEqual([]);
});

test("a body of more than 64 KiB is not read", async () => {
  const answer = await start("a".repeat(70_000), { cookie, "x-salvo-csrf": csrf });
  expect(answer.status).toBe(413);
});

test("a sign-in sets a cookie that scripts and other sites do not get, and guesses are slowed down", async () => {
  const signIn = (link: string) => ask("/sign-in", { method: "POST", body: JSON.stringify({ link }) });
  const answer = await signIn(sessions.link());
  expect(answer.headers.get("set-cookie")).toMatch(
    /^__Host-salvo=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  );
  const statuses: number[] = [];
  for (let guess = 0; guess < 25; guess++) statuses.push((await signIn(`guess-${guess}`)).status);
  expect(statuses.slice(0, 19)).toEqual(Array.from({ length: 19 }, () => 403));
  expect(statuses.at(-1)).toBe(429);
  nowMs += 60_000;
  expect((await signIn("guess")).status).toBe(403);
});

test("every answer forbids frames, other hosts and scripts of others; a report has no scripts at all", async () => {
  for (const path of ["/", "/console.js", "/api/agents", "/nothing"]) {
    const { headers } = await ask(path, { headers: { cookie } });
    expect(headers.get("content-security-policy"), path).toMatch(
      /^default-src 'none'; script-src 'self';.*frame-ancestors 'none'$/,
    );
    expect(headers.get("x-content-type-options"), path).toBe("nosniff");
  }
  const report = await ask("/api/report?runs=a,b", { headers: { cookie } });
  expect(await report.text()).toBe("<h1>2</h1>");
  expect(report.headers.get("content-security-policy")).toMatch(
    /^default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox/,
  );
  expect((await ask("/api/report?runs=", { headers: { cookie } })).status).toBe(409);
});
