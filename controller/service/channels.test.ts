/** What the controller makes of whoever answers where it expects an agent. */
import { openIdentity } from "@salvo/shared/agent/identity/agent-identity.ts";
import { AGENT_LAPSE_MS, AGENT_LIFE_MS } from "@salvo/shared/identity/life.ts";
import { readCertificate } from "@salvo/shared/identity/pem.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import type { RpcServer } from "@salvo/shared/rpc/server.ts";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Answering, answerAs } from "./answering.fixture.ts";
import { type Channels, openChannels } from "./channels.ts";

let folder: string;
let lab: TestLab;
let channels: Channels;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-channels-"));
  lab = await testLab(folder);
  channels = openChannels(lab);
});
afterEach(async () => {
  channels[Symbol.dispose]();
  await rm(folder, { recursive: true });
});

const called: string[] = [];
beforeEach(() => void (called.length = 0));

const answering = (how: Answering) => answerAs(how, { folder, lab, called });
/** As of the time when its certificate was made: an agent might not start with it now, but somebody else may. */
const identityThen = (id: string, nowMs = Date.now()) => openIdentity(join(folder, "identity"), id, nowMs);

const ask = ({ address }: Pick<RpcServer, "address">) =>
  channels.client({ id: "guest1", address, roles: ["workload"] }).describe({}, { deadlineMs: 5_000 });

test("the agent that is expected is asked", async () => {
  await using server = await answering({});
  await ask(server);
  expect(called).toEqual(["describe"]);
});

test.each<[string, Answering, string]>([
  ["another agent", { id: "guest2" }, "agent guest1 of lab bench is expected there, but it is agent guest2"],
  ["one without the role", { roles: ["target"] }, "does not grant the role workload"],
  ["one whose certificate has expired", { nowMs: Date.now() - 2 * AGENT_LIFE_MS }, "expired"],
])("%s at its address is not asked", async (_who, answer, message) => {
  await using server = await answering(answer);
  await expect(ask(server)).rejects.toMatchObject({ kind: "unavailable", message: expect.stringContaining(message) });
  expect(called).toEqual([]);
});

test("an agent of the same name from another CA is not asked", async () => {
  await using server = await answering({ from: await testLab(join(folder, "other")) });
  await expect(ask(server)).rejects.toMatchObject({ kind: "unavailable" });
  expect(called).toEqual([]);
});

test("whoever answers in plain text is not asked", async () => {
  const heard: Buffer[] = [];
  const plain = createServer((socket) =>
    socket.on("data", (data) => heard.push(data) && socket.end("HTTP/1.1 400\r\n")),
  );
  await once(plain.listen(0, "127.0.0.1"), "listening");
  const { port } = plain.address() as AddressInfo; // a TCP server that listens has one
  await expect(ask({ address: `127.0.0.1:${port}` })).rejects.toMatchObject({ kind: "unavailable" });
  // A TLS handshake and no more: record type 22.
  expect(heard.map((data) => data[0])).toEqual(heard.map(() => 22));
  expect(heard.length).toBeGreaterThan(0);
  plain.close();
});

test("from the moment an agent is revoked nothing is asked of it, over an open connection neither", async () => {
  await lab.enrol("guest1");
  await using server = await answering({});
  await ask(server);
  await lab.revoke("guest1");
  await expect(ask(server)).rejects.toMatchObject({ kind: "refused", message: expect.stringContaining("was revoked") });
  expect(called).toEqual(["describe"]);
  await expect(
    channels
      .client({ id: "guest1", address: server.address, roles: ["workload"] })
      .watch({ run: "r" })
      .next(),
  ).rejects.toMatchObject({ kind: "refused" });
  const token = lab.createToken({ agent: "guest1", roles: ["workload"] }, Date.now());
  await expect(token).rejects.toMatchObject({ kind: "refused", message: expect.stringContaining("never used again") });
});

test("a call that is open when its agent is revoked ends at once, and says why", async () => {
  await lab.enrol("guest1");
  await using server = await answering({});
  const statuses = channels.client({ id: "guest1", address: server.address, roles: ["workload"] }).watch({ run: "r" });
  await statuses.next();
  const refused = { kind: "refused", message: expect.stringContaining("was revoked") };
  const next = expect(statuses.next()).rejects.toMatchObject(refused);
  await lab.revoke("guest1");
  await next;
});

const ago = (ms: number) => Date.now() - AGENT_LIFE_MS - ms;
const HOUR_MS = 60 * 60 * 1000;

test("an agent whose certificate has expired lately is given another one before it is asked", async () => {
  await lab.enrol("guest1");
  await using server = await answering({ nowMs: ago(HOUR_MS) });
  await expect(ask(server)).rejects.toMatchObject({ message: expect.stringMatching(/expired.*clock says 20/) });
  await channels.describe({ id: "guest1", address: server.address, roles: ["workload"] }, { deadlineMs: 5_000 });
  expect(called).toEqual(["describe"]);
  const { current, lapsed } = await openIdentity(join(folder, "identity"), "guest1", Date.now());
  expect(lapsed).toBe(false);
  expect(Date.parse(readCertificate(current.certificate).validTo)).toBeGreaterThan(Date.now() + AGENT_LIFE_MS / 2);
});

test.each<[string, Answering | "other lab" | "revoked"]>([
  ["expired too long ago", { nowMs: ago(AGENT_LAPSE_MS) }],
  ["another agent, expired", { nowMs: ago(HOUR_MS), id: "guest2" }],
  ["without the role, expired", { nowMs: ago(HOUR_MS), roles: ["target"] }],
  ["of another lab, expired", "other lab"],
  ["revoked, expired", "revoked"],
])("no certificate is given to one that is %s", async (_who, which) => {
  await lab.enrol("guest1");
  const how =
    which === "other lab"
      ? { nowMs: ago(HOUR_MS), from: await testLab(join(folder, "other")) }
      : which === "revoked"
        ? { nowMs: ago(HOUR_MS) }
        : which;
  await using server = await answering(how);
  const before = (await identityThen(how.id ?? "guest1", how.nowMs)).current;
  if (which === "revoked") await lab.revoke("guest1");
  const agent = { id: "guest1", address: server.address, roles: ["workload"] };
  await expect(channels.describe(agent, { deadlineMs: 5_000 })).rejects.toThrow();
  expect((await identityThen(how.id ?? "guest1", how.nowMs)).current).toEqual(before);
  expect(called).toEqual([]);
});

test("an agent whose certificate is of the future is not asked, and the message names this host's clock", async () => {
  await using server = await answering({ nowMs: Date.now() + AGENT_LIFE_MS });
  await expect(ask(server)).rejects.toMatchObject({
    kind: "unavailable",
    message: expect.stringMatching(/not yet valid; this host's clock says 20/),
    remedy: expect.stringContaining("clocks of both hosts"),
  });
});

test("a token that was made before its agent was revoked is worth nothing", async () => {
  await lab.enrol("guest1");
  const [id = "", secret = ""] = (await lab.createToken({ agent: "guest1", roles: ["workload"] }, Date.now())).split(
    ".",
  );
  await lab.revoke("guest1");
  const late = lab.join({ id, secret, request: new Uint8Array(), nowMs: Date.now() });
  await expect(late).rejects.toMatchObject({ kind: "refused" });
});

test("a certificate with a third of its life left is renewed with a new key, and open streams go on", async () => {
  await lab.enrol("guest1");
  const dueMs = Date.now() - (AGENT_LIFE_MS * 2) / 3 - 60_000;
  await using server = await answering({ nowMs: dueMs });
  const agent = { id: "guest1", address: server.address, roles: ["workload"] };
  await ask(server);
  const leave = new AbortController();
  const statuses = channels.client(agent).watch({ run: "r" }, { signal: leave.signal });
  await statuses.next();

  expect(await channels.renewWhenDue(agent, Date.now())).toBe(true);
  const { current } = await openIdentity(join(folder, "identity"), "guest1", Date.now());
  expect(Date.parse(readCertificate(current.certificate).validTo)).toBeGreaterThan(Date.now() + AGENT_LIFE_MS / 2);
  expect(await channels.renewWhenDue(agent, Date.now())).toBe(false);

  // New connections see the new certificate; the stream of the old one is as it was.
  using fresh = openChannels(lab);
  await fresh.client(agent).describe({}, { deadlineMs: 5_000 });
  expect(await fresh.renewWhenDue(agent, Date.now())).toBe(false);
  await ask(server);
  expect(await tls12(server.address)).toMatch(/alert protocol version/);
  const next = statuses.next();
  const still = Symbol("still open");
  expect(await Promise.race([next, Promise.resolve(still)])).toBe(still);
  leave.abort();
  await expect(next).rejects.toMatchObject({ kind: "cancelled" });
});

/** Issued then, it expires soon: after a busy machine has connected. Certificates know whole seconds. */
const expiresSoon = () => ({ nowMs: ago(-3_000) });
const watched = { kind: "unavailable", message: expect.stringContaining("its certificate has expired") };

test("when an agent's certificate expires its open calls end, and none begins over its open connection", async () => {
  await using server = await answering(expiresSoon());
  const agent = { id: "guest1", address: server.address, roles: ["workload"] };
  const statuses = channels.client(agent).watch({ run: "r" });
  await statuses.next();
  await expect(statuses.next()).rejects.toMatchObject(watched);
  await expect(ask(server)).rejects.toMatchObject({ message: expect.stringContaining("expired") });
  expect(called).toEqual([]);
});

test("a certificate that was renewed over an open connection counts as long as the new one, and what is open goes on", async () => {
  await lab.enrol("guest1");
  await using server = await answering(expiresSoon());
  const agent = { id: "guest1", address: server.address, roles: ["workload"] };
  const leave = new AbortController();
  const statuses = channels.client(agent).watch({ run: "r" }, { signal: leave.signal });
  await statuses.next();
  using other = openChannels(lab); // which does not know that it was renewed
  const others = other.client(agent).watch({ run: "r" });
  await others.next();
  expect(await channels.renewWhenDue(agent, Date.now())).toBe(true);

  await expect(others.next()).rejects.toMatchObject(watched);
  await ask(server);
  const next = statuses.next();
  const still = Symbol("still open");
  expect(await Promise.race([next, Promise.resolve(still)])).toBe(still);
  // By a new connection, on which the agent shows the new one.
  await other.client(agent).describe({}, { deadlineMs: 5_000 });
  leave.abort();
  await expect(next).rejects.toMatchObject({ kind: "cancelled" });
});

test("an agent whose certificate has lapsed is given another one without being asked anything, and by a renewal too", async () => {
  await lab.enrol("guest1");
  const agent = { id: "guest1", roles: ["workload"] };
  {
    await using server = await answering({ nowMs: ago(HOUR_MS) });
    await channels.connect({ ...agent, address: server.address }, { deadlineMs: 5_000 });
    expect(called).toEqual([]);
    await ask(server);
  }
  await using server = await answering(expiresSoon());
  const statuses = channels.client({ ...agent, address: server.address }).watch({ run: "r" });
  await statuses.next();
  await expect(statuses.next()).rejects.toMatchObject(watched);
  expect(await channels.renewWhenDue({ ...agent, address: server.address }, Date.now(), { leftMs: 0 })).toBe(true);
  await ask(server);
});

test("an agent that was away when it was to show its certificate is given another one when it is back", async () => {
  await lab.enrol("guest1");
  await using server = await answering({ nowMs: ago(HOUR_MS) });
  const agent = { id: "guest1", address: server.address, roles: ["workload"] };
  expect(await channels.renewWhenDue(agent, Date.now(), { leftMs: 0 })).toBe(false); // and yet:
  await ask(server);
});

/** What comes of speaking an older TLS than 1.3. */
async function tls12(address: string): Promise<string> {
  const { ca, certificate: cert, key } = lab.controller;
  const port = Number(address.split(":").at(-1));
  const socket = connect({ port, ca, cert, key, maxVersion: "TLSv1.2", checkServerIdentity: () => undefined });
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.on("error", ({ message }) => resolve(message)).on("secureConnect", () => resolve("it is spoken"));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

test("an agent that was revoked is not renewed", async () => {
  await lab.enrol("guest1");
  await lab.revoke("guest1");
  await expect(lab.renew("guest1", new Uint8Array(), Date.now())).rejects.toMatchObject({ kind: "refused" });
  await expect(lab.renew("guest9", new Uint8Array(), Date.now())).rejects.toMatchObject({ kind: "refused" });
});
