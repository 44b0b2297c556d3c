/** What hosts without a certificate can do where hosts are enrolled, on a real socket. */
import { join as joinLab } from "@salvo/shared/agent/identity/join.ts";
import { readIdentity } from "@salvo/shared/identity/own.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
import type { RpcServer } from "@salvo/shared/rpc/server.ts";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { serveEnrolment } from "./enrolment.ts";

let folder: string;
let lab: TestLab;
let server: RpcServer;
const joined: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-enrolment-"));
  lab = await testLab(folder);
  joined.length = 0;
  const log = createLogger({ name: "t", level: "silent", env: {} });
  server = await serveEnrolment({ lab, address: "127.0.0.1:0", log, onJoined: (agent) => joined.push(agent) });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const token = (agent: string) => lab.createToken({ agent, roles: ["workload"] }, Date.now());
const attempt = (text: string, place = "identity") =>
  joinLab({ controller: server.address, token: text, folder: join(folder, place) });

test("hosts behind one address join as often as they have tokens; attempts that fail are counted, and soon refused unseen", async () => {
  for (let each = 0; each < 25; each++) await attempt(await token(`guest${each}`));
  expect(joined).toHaveLength(25);
  const used = await token("late");
  const wrong = used.replace(/\.[\w-]{43}\./, `.${"A".repeat(43)}.`);
  for (let each = 0; each < 20; each++)
    await expect(attempt(wrong)).rejects.toMatchObject({ message: expect.stringContaining("token is unknown") });
  const refused = { kind: "refused", message: expect.stringContaining("too many attempts") };
  await expect(attempt(wrong)).rejects.toMatchObject(refused);
  await expect(attempt(used)).rejects.toMatchObject(refused);
}, 30_000);

test("hosts behind one address that join at once have not failed", async () => {
  const tokens = await Promise.all(Array.from({ length: 48 }, (_, each) => token(`guest${each}`)));
  await Promise.all(tokens.map((text, each) => attempt(text, `identity${each}`)));
  expect(joined.toSorted()).toEqual(Array.from({ length: 48 }, (_, each) => `guest${each}`).toSorted());
}, 30_000);

test("a connection on which nothing is proven is closed after five seconds", async () => {
  const port = Number(server.address.split(":").at(-1));
  const socket = connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  const beganMs = performance.now();
  socket.resume();
  socket.on("error", () => {}); // closed all the same
  await once(socket, "close");
  expect(performance.now() - beganMs).toBeGreaterThan(4_000);
}, 15_000);

test("a host whose clock is behind is told so, and keeps nothing", async () => {
  const aheadMs = 60 * 60 * 1000;
  // To a controller whose clock is ahead it is behind.
  const ahead: TestLab = { ...lab, join: (options) => lab.join({ ...options, nowMs: options.nowMs + aheadMs }) };
  const log = createLogger({ name: "t", level: "silent", env: {} });
  await using other = await serveEnrolment({ lab: ahead, address: "127.0.0.1:0", log, onJoined: () => {} });
  const text = await lab.createToken({ agent: "guest1", roles: ["workload"] }, Date.now() + aheadMs);
  const joining = joinLab({ controller: other.address, token: text, folder: join(folder, "identity") });
  await expect(joining).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringMatching(/in force from .* but this host's clock says /),
    remedy: expect.stringContaining("clocks"),
  });
  await expect(readIdentity(join(folder, "identity"), "")).rejects.toMatchObject({ kind: "not-found" });
});
