import { AGENT_LIFE_MS } from "@salvo/shared/identity/life.ts";
import { readIdentity } from "@salvo/shared/identity/own.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Answering, answerAs } from "./answering.fixture.ts";
import { type Channels, openChannels } from "./channels.ts";
import { openRenewals } from "./renewals.ts";

let folder: string;
let lab: TestLab;
let channels: Channels;
const logged: string[] = [];
const logger = createLogger({ name: "r", level: "warn", env: {}, destination: { write: (line) => logged.push(line) } });
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-renewals-"));
  lab = await testLab(folder);
  await lab.enrol("guest1");
  channels = openChannels(lab);
  logged.length = 0;
});
afterEach(async () => {
  channels[Symbol.dispose]();
  await rm(folder, { recursive: true });
});

const HOUR_MS = 60 * 60 * 1000;
const answering = (how: Answering) => answerAs(how, { folder, lab, called: [] });
const expiresIn = (ms: number) => ({ nowMs: Date.now() + ms - AGENT_LIFE_MS });
const certificate = async () => (await readIdentity(join(folder, "identity"), "")).certificate;
const guest1 = (address: string) => ({ id: "guest1", address, roles: ["workload"] });

function renewalsOf(address: string) {
  const pace = { everyMs: 5, leftMs: 2 * HOUR_MS };
  return openRenewals({ channels, agents: [guest1(address)], wallMs: Date.now, logger, pace });
}

/** Says that it may, or not, and resolves when it was asked so often: each look asks once. */
function looks(may: boolean, count: number) {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = count;
  const mayRenew = () => {
    if (--left === 0) resolve();
    return may;
  };
  return { mayRenew, looked: promise };
}

test("a certificate that would expire in mid-run is renewed in time, and what is open goes on", async () => {
  await using server = await answering(expiresIn(3_000));
  using stop = stopping();
  const statuses = channels.client(guest1(server.address)).watch({ run: "r" }, { signal: stop.signal });
  await statuses.next();
  using other = openChannels(lab); // which does not know that it was renewed
  const others = other.client(guest1(server.address)).watch({ run: "r" });
  await others.next();
  const keeping = renewalsOf(server.address).keep(() => true, stop.signal);
  await expect(others.next()).rejects.toMatchObject({ message: expect.stringContaining("has expired") });
  const still = Symbol("still open");
  const next = statuses.next();
  expect(await Promise.race([next, Promise.resolve(still)])).toBe(still);
  stop.now();
  await expect(next).rejects.toMatchObject({ kind: "cancelled" });
  await keeping;
  expect(logged).toEqual([]);
});

test("nothing is renewed while nobody may be disturbed, and then it is", async () => {
  await using server = await answering(expiresIn(HOUR_MS));
  const first = await certificate();
  const renewals = renewalsOf(server.address);
  using stop = stopping();
  const not = looks(false, 5);
  const keeping = renewals.keep(not.mayRenew, stop.signal);
  await not.looked;
  stop.now();
  await keeping;
  expect(await certificate()).toBe(first);

  using again = stopping();
  const then = looks(true, 2); // the second when the first is done
  void renewals.keep(then.mayRenew, again.signal);
  await then.looked;
  expect(await certificate()).not.toBe(first);
});

test("what is in force for hours is left alone", async () => {
  await using server = await answering(expiresIn(3 * HOUR_MS));
  const first = await certificate();
  using stop = stopping();
  const { mayRenew, looked } = looks(true, 5);
  void renewalsOf(server.address).keep(mayRenew, stop.signal);
  await looked;
  expect(await certificate()).toBe(first);
});

test("an agent that hangs does not hold up the end of the run", async () => {
  await using hanging = await silent();
  using stop = stopping();
  const keeping = renewalsOf(hanging.address).keep(() => true, stop.signal);
  await hanging.connected;
  stop.now();
  await keeping;
  expect(logged).toEqual([]);
});

test("whose certificate lapsed while there was no controller can be asked again, and who is gone is no matter", async () => {
  await using server = await answering(expiresIn(-HOUR_MS));
  const agents = [guest1(server.address), { ...guest1("127.0.0.1:1"), id: "guest2" }];
  await openRenewals({ channels, agents, wallMs: Date.now, logger }).revive();
  await channels.client(guest1(server.address)).describe({}, { deadlineMs: 5_000 });
  expect(logged).toEqual([]);
});

function stopping() {
  const stop = new AbortController();
  const now = () => stop.abort(new SalvoError("cancelled", "the run is over"));
  return { signal: stop.signal, now, [Symbol.dispose]: now };
}

/** It takes connections and says nothing. */
async function silent() {
  const { promise: connected, resolve } = Promise.withResolvers<void>();
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on("error", () => {})); // however it is left
    resolve();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    address: `127.0.0.1:${port}`,
    connected,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), "close");
    },
  };
}
