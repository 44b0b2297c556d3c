/** Who may say and read what on the nats-server that the controller starts: the real one, on a real socket. */
import { createPublisher } from "@salvo/shared/bus/publisher.ts";
import { type Bus, type BusStatus, connectBus } from "@salvo/shared/bus/connection.ts";
import { ensureStream } from "@salvo/shared/bus/stream.ts";
import { AGENT_LIFE_MS } from "@salvo/shared/identity/life.ts";
import { testServer } from "@salvo/shared/bus/testing-server.fixture.ts";
import { natsTls } from "@salvo/shared/identity/nats.ts";
import type { Credential } from "@salvo/shared/identity/pem.ts";
import { replaceFile } from "@salvo/shared/files/durable.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { deadline, unlessAborted } from "@salvo/shared/kernel/signal.ts";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as tlsConnect } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { natsSecurity } from "./nats-security.ts";
import { type NatsServer, startNatsServer } from "./nats-server.ts";

let folder: string;
let lab: TestLab;
let server: NatsServer;
let guest1: Credential;
let controller: Bus;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-nats-security-"));
  lab = await testLab(folder);
  guest1 = await lab.enrol("guest1");
  await lab.enrol("guest2");
  const dataDir = join(folder, "nats");
  server = await startNatsServer({
    dataDir,
    access: { host: "127.0.0.1", security: await natsSecurity(dataDir, lab, []) },
  });
  controller = await connectBus({ url: server.url, name: "controller", tls: natsTls("bench", lab.controller) });
  await ensureStream({ bus: controller, lab: "bench" });
});
afterAll(async () => {
  await controller[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

interface Connecting {
  readonly credential?: Credential;
  readonly name?: string;
  readonly onStatus?: ((status: BusStatus) => void) | undefined;
  readonly url?: string;
}

function connecting({ credential, name = "agent-guest1", onStatus }: Connecting): Promise<Bus> {
  const tls = credential && natsTls("bench", credential);
  return connectBus({ url: server.url, name, tls, onStatus, signal: deadline(10_000, "connecting") });
}

/** Why the server did not let it in. */
async function refusal(options: Connecting): Promise<string> {
  const stop = new AbortController();
  const { promise, resolve } = Promise.withResolvers<string>();
  const tls = options.credential && natsTls("bench", options.credential);
  const bus = connectBus({
    url: options.url ?? server.url,
    name: "intruder",
    tls,
    signal: stop.signal,
    onStatus: (status) => resolve("reason" in status ? (status.reason ?? "") : status.type),
  });
  const reason = await promise;
  stop.abort();
  await expect(bus).rejects.toThrow();
  return reason;
}

/** What comes of a connection by hand: the client does not tell how TLS ended. */
async function handshake({ ca, certificate: cert, key }: Credential): Promise<string> {
  const plain = connect({ host: "127.0.0.1", port: Number(new URL(server.url).port) });
  await once(plain, "data"); // it greets first, in plain text
  const socket = tlsConnect({ socket: plain, ca, cert, key, checkServerIdentity: () => undefined });
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.on("data", (data) => resolve(data.toString()));
  socket.on("error", ({ message }) => resolve(message));
  socket.write('CONNECT {"verbose":false}\r\nPING\r\n');
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

test("an agent publishes what it measured, and is acknowledged", async () => {
  await using bus = await connecting({ credential: guest1 });
  await using publisher = createPublisher({ bus, lab: "bench", run: "run-1", agent: "guest1" });
  expect(await publisher.publish(1, "event", Buffer.from("x"))).toBe("acked");
});

test("without a certificate nobody comes in, plain text or not", async () => {
  expect(await refusal({})).toMatch(/certificate|closed|tls|handshake|reset/i);
});

test("certificates of another CA, expired ones and those of nobody enrolled are refused", async () => {
  const other = await testLab(join(folder, "other"));
  await other.enrol("guest1");
  const impostor = { ...(await other.issue("guest1")), ca: lab.authority.ca };
  const expired = await lab.issue("guest1", { nowMs: Date.now() - 2 * AGENT_LIFE_MS });
  const unknown = await lab.issue("guest9");
  expect(await handshake(impostor)).toMatch(/alert bad certificate/);
  expect(await handshake(expired)).toMatch(/alert bad certificate/);
  expect(await handshake(guest1)).toMatch(/^PONG/);
  expect(await refusal({ credential: unknown })).toMatch(/authorization/i);
});

test("a server that is not the lab's is told nothing", async () => {
  const stop = new AbortController();
  const { promise, resolve } = Promise.withResolvers<BusStatus>();
  // As if an agent stood there: its certificate is of the lab as well.
  const bus = connectBus({
    url: server.url,
    name: "agent-guest1",
    tls: { ...natsTls("bench", guest1), checkServer: natsTls("elsewhere", guest1).checkServer },
    signal: stop.signal,
    onStatus: resolve,
  });
  expect(await promise).toMatchObject({
    type: "disconnected",
    reason: expect.stringContaining("not the NATS server of lab elsewhere"),
  });
  stop.abort();
  await expect(bus).rejects.toThrow();
});

test("a server with the certificate of an agent, although the lab has signed it, is told nothing by anybody", async () => {
  const place = join(folder, "impostor");
  const stolen = await lab.issue("guest2");
  for (const [name, text] of [
    ["ca", stolen.ca],
    ["cert", stolen.certificate],
    ["key", stolen.key],
  ] as const)
    await replaceFile(join(place, name), text);
  const file = (name: string) => JSON.stringify(join(place, name));
  await using impostor = await testServer();
  await impostor.start(`tls { cert_file: ${file("cert")}, key_file: ${file("key")}, ca_file: ${file("ca")} }`);
  for (const credential of [guest1, lab.controller])
    expect(await refusal({ credential, url: impostor.url })).toContain("not the NATS server of lab bench");
});

test("certificates for another purpose than being a client are refused: those of NATS and of enrolment", async () => {
  for (const kind of ["nats", "enrolment"] as const) {
    const credential = await lab.authority.issue({
      identity: { kind, lab: "bench" },
      lifeMs: 60_000,
      nowMs: Date.now(),
    });
    expect(await handshake(credential), kind).toMatch(/alert (bad|unsupported) certificate/);
  }
});

test("who joins while the server runs is let in, who is revoked is thrown out and stays out, and others notice nothing", async () => {
  const guest3 = await lab.enrol("guest3");
  let inside = false;
  const gone = Promise.withResolvers<void>();
  await using bus = await connecting({
    credential: guest3,
    name: "agent-guest3",
    onStatus: ({ type }) => type === "disconnected" && inside && gone.resolve(),
  });
  expect(bus.connected).toBe(true);
  inside = true;
  await lab.revoke("guest3");
  await unlessAborted(gone.promise, deadline(10_000, "being thrown out"));
  expect(await refusal({ credential: guest3 })).toMatch(/authorization/i);
  expect(controller.connected).toBe(true);
  expect(server.restarts).toBe(0);
});

/** Expires soon: after a busy machine has connected. */
const expiresSoon = () => ({ nowMs: Date.now() + 3_000 - AGENT_LIFE_MS });

test("when a certificate expires its connections are ended: a thief stays out, its agent is back with the one it was renewed to", async () => {
  let current = await lab.enrol("guest4", expiresSoon());
  const stolen = current;
  const thiefGone = Promise.withResolvers<void>();
  const statuses: string[] = [];
  const back = Promise.withResolvers<void>();
  await using thief = await connecting({
    credential: stolen,
    name: "agent-guest4",
    onStatus: ({ type }) => type === "disconnected" && thiefGone.resolve(),
  });
  await using agent = await connectBus({
    url: server.url,
    name: "agent-guest4",
    tls: () => natsTls("bench", current),
    onStatus: ({ type }) => {
      statuses.push(type);
      if (type === "connected" && statuses.includes("disconnected")) back.resolve();
    },
  });
  expect([thief.connected, agent.connected]).toEqual([true, true]);
  current = await lab.enrol("guest4");
  await unlessAborted(Promise.all([thiefGone.promise, back.promise]), deadline(20_000, "the end of a certificate"));
  expect(await handshake(stolen)).toMatch(/alert bad certificate/);
  expect([thief.connected, agent.connected, controller.connected]).toEqual([false, true, true]);
  await using publisher = createPublisher({ bus: agent, lab: "bench", run: "run-4", agent: "guest4" });
  expect(await publisher.publish(1, "event", Buffer.from("x"))).toBe("acked");
  expect(server.restarts).toBe(0);
});

test("an agent that nobody has renewed is shut out when its certificate expires, and let in when it is", async () => {
  let current = await lab.enrol("guest5", expiresSoon());
  const gone = Promise.withResolvers<void>();
  await using agent = await connectBus({
    url: server.url,
    name: "agent-guest5",
    tls: () => natsTls("bench", current),
    onStatus: ({ type }) => type === "disconnected" && gone.resolve(),
  });
  await unlessAborted(gone.promise, deadline(20_000, "the end of a certificate"));
  expect(await readFile(join(folder, "nats", "nats-server.conf"), "utf8")).not.toContain("guest5");
  current = await lab.enrol("guest5");
  await agent.untilConnected({ signal: deadline(10_000, "coming back") });
});

/** What the server says to it when it does something. */
async function answer(bus: (onStatus: (status: BusStatus) => void) => Promise<Bus>, act: (bus: Bus) => void) {
  const { promise, resolve } = Promise.withResolvers<string>();
  await using open = await bus((status) => status.type === "error" && resolve(status.reason));
  act(open);
  return await unlessAborted(promise, deadline(5_000, "the server's answer"));
}

const asReader = async (onStatus?: (status: BusStatus) => void) =>
  connecting({ credential: await lab.createReader("dashboard", Date.now()), name: "dashboard", onStatus });

test("a reader is let in while the server runs, and reads what agents say", async () => {
  await using reader = await asReader();
  const { promise, resolve } = Promise.withResolvers<string>();
  reader.connection.subscribe("salvo.bench.>", { callback: (_error, { subject }) => resolve(subject) });
  await reader.connection.flush();
  await using agent = await connecting({ credential: guest1 });
  await using publisher = createPublisher({ bus: agent, lab: "bench", run: "run-2", agent: "guest1" });
  await publisher.publish(1, "event", Buffer.from("x"));
  expect(await unlessAborted(promise, deadline(5_000, "the message"))).toBe("salvo.bench.run.run-2.event.guest1");
});

test.each(["salvo.bench.run.r.fio.guest1", "$JS.API.STREAM.INFO.salvo-bench", "_INBOX_controller.x", "anything"])(
  "a reader says nothing, not even %s",
  async (subject) => {
    const said = await answer(asReader, ({ connection }) => connection.publish(subject, "x"));
    expect(said).toMatch(/permissions violation for publish/i);
  },
);

test.each([">", "_INBOX_controller.>", "$JS.>", "salvo.other.>"])("a reader does not read %s", async (subject) => {
  const said = await answer(asReader, ({ connection }) => void connection.subscribe(subject));
  expect(said).toMatch(/permissions violation for subscription/i);
});

test("a reader that is revoked is thrown out, and its name is never good again", async () => {
  const credential = await lab.createReader("wall", Date.now());
  let inside = false;
  const gone = Promise.withResolvers<void>();
  await using bus = await connecting({
    credential,
    name: "wall",
    onStatus: ({ type }) => type === "disconnected" && inside && gone.resolve(),
  });
  expect(bus.connected).toBe(true);
  inside = true;
  await lab.revokeReader("wall");
  await unlessAborted(gone.promise, deadline(10_000, "being thrown out"));
  expect(await refusal({ credential })).toMatch(/authorization/i);
  expect(await lab.readers()).toEqual(["dashboard"]);
  await expect(lab.createReader("wall", Date.now())).rejects.toThrow(/never used again/);
  await expect(lab.revokeReader("wall")).rejects.toThrow("there is no reader wall");
  await expect(lab.createReader("a.b", Date.now())).rejects.toThrow(/cannot be the name/);
});

test("its configuration names no secret, and its command line no more than that file", async () => {
  const command = await readFile(`/proc/${server.pid}/cmdline`, "latin1");
  expect(command.split("\0").filter(Boolean).slice(1)).toEqual(["-c", join(folder, "nats", "nats-server.conf")]);
  expect(await readFile(join(folder, "nats", "nats-server.conf"), "utf8")).not.toContain("PRIVATE");
});
