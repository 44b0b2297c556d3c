/** Many connections that prove nothing, on real sockets, at a server that asks for certificates and at one for strangers. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { parseAddress } from "@salvo/shared/kernel/address.ts";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type TestLab, testLab } from "../identity/testing-lab.fixture.ts";
import { openChannel } from "./channel.ts";
import { createClient } from "./client.ts";
import { mutualTls } from "./credentials.ts";
import { Echo, type EchoWorld, startEcho, texts } from "./echo.fixture.ts";
import { PROVEN_MAX, UNPROVEN_MAX } from "./limits.ts";

vi.setConfig({ testTimeout: 20_000 });
const deadlineMs = 10_000;

let folder: string;
let lab: TestLab;
let server: { readonly certificate: string; readonly key: string };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-listener-"));
  lab = await testLab(folder);
  server = await lab.issue("guest1");
});
afterAll(() => rm(folder, { recursive: true }));

const tls = () => mutualTls({ ca: lab.authority.ca, own: server });
const controller = () => mutualTls({ ca: lab.authority.ca, own: lab.controller }, { checkServer: () => undefined });

/** However it comes to its end. */
const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once("close", () => resolve()));

/** Connections on which nothing is ever said. */
class Crowd implements Disposable {
  readonly open = new Set<Socket>();
  /** From an address of their own, as far as this host has any. */
  async come({ server: { address } }: EchoWorld, count: number, localAddress: string): Promise<void> {
    const { host, port } = parseAddress(address)!;
    for (let each = 0; each < count; each++) {
      const socket = connect({ host, port, localAddress });
      this.open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.open.delete(socket));
      socket.resume();
      await once(socket, "connect");
    }
  }
  [Symbol.dispose]() {
    for (const socket of this.open) socket.destroy();
  }
}

test("of many connections that prove nothing only so many stay, and who proves who he is gets in all the while", async () => {
  await using world = await startEcho({}, { credentials: tls() });
  using crowd = new Crowd();
  await crowd.come(world, 3 * UNPROVEN_MAX, "127.0.0.2");
  await vi.waitUntil(() => crowd.open.size <= UNPROVEN_MAX, { interval: 5, timeout: 2_000 });
  expect(crowd.open.size).toBe(UNPROVEN_MAX);
  using channel = openChannel(world.server.address, { credentials: controller() });
  expect((await createClient(Echo, channel).one({ value: "me" }, { deadlineMs })).value).toBe("one me");
  expect(crowd.open.size).toBe(UNPROVEN_MAX - 1);
});

test("who has proven who he is does not count: more than the limit are served at a time", async () => {
  const release = Promise.withResolvers<void>();
  await using world = await startEcho(
    {
      async *each() {
        yield { value: "here" };
        await release.promise;
      },
    },
    { credentials: tls() },
  );
  const guest = mutualTls({ ca: lab.authority.ca, own: await lab.issue("guest2") }, { checkServer: () => undefined });
  const channels = Array.from({ length: UNPROVEN_MAX + 6 }, (_, each) =>
    openChannel(world.server.address, { credentials: each % 2 === 0 ? controller() : guest }),
  );
  const calls = channels.map((channel) => createClient(Echo, channel).each({}, { deadlineMs }));
  for (const call of calls) expect(await call.next()).toMatchObject({ value: { value: "here" } });
  release.resolve();
  for (const call of calls) expect(await texts(call)).toEqual([]);
  for (const channel of channels) channel[Symbol.dispose]();
});

/** A connection that has proven who it is, and says nothing more. */
async function proven({ server: { address } }: EchoWorld, localAddress: string, name = lab.controller) {
  const { host, port } = parseAddress(address)!;
  const { certificate: cert, key } = name;
  const socket = connect({ host, port, localAddress });
  const secure = connectTls({ socket, rejectUnauthorized: false, ALPNProtocols: ["h2"], cert, key });
  secure.on("error", () => {});
  await once(secure, "data"); // the server's settings: it is being served
  return secure;
}

test("a stolen certificate has so many connections and no more, and drives out none of its owner", async () => {
  await using world = await startEcho({}, { credentials: tls() });
  const owners = await proven(world, "127.0.0.1");
  const others = await proven(world, "127.0.0.2", await lab.issue("guest2"));
  const stolen = [];
  for (let each = 0; each < PROVEN_MAX - 1; each++) stolen.push(await proven(world, "127.0.0.2"));
  const [oldest] = stolen;
  const ended = closed(oldest!);
  stolen.push(await proven(world, "127.0.0.2"));
  await ended;
  expect(stolen.filter(({ destroyed }) => destroyed)).toEqual([oldest]);
  expect([owners.destroyed, others.destroyed]).toEqual([false, false]);
  for (const socket of [owners, others, ...stolen]) socket.destroy();
});

test("where strangers are served none stays for long, and no more come than there is room for", async () => {
  await using world = await startEcho(
    {},
    {
      credentials: mutualTls({ ca: lab.authority.ca, own: server }, { anonymousClients: true }),
      strangers: { connectionsMax: 4, ageMs: 1_500 },
    },
  );
  const { host, port } = parseAddress(world.server.address)!;
  const stranger = () =>
    connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: ["h2"] }).on("error", () => {});
  const inside = Array.from({ length: 4 }, stranger);
  // The server's settings: it is being served.
  for (const socket of inside) await once(socket, "data");
  const late = stranger();
  late.resume();
  await closed(late);
  expect(inside.map(({ destroyed }) => destroyed)).toEqual([false, false, false, false]);
  await Promise.all(inside.map(closed));
  using channel = openChannel(world.server.address, { credentials: controller() });
  expect((await createClient(Echo, channel).one({ value: "room" }, { deadlineMs })).value).toBe("one room");
});

test("a connection that does not speak HTTP/2 is closed at once", async () => {
  await using world = await startEcho({}, { credentials: tls() });
  const { host, port } = parseAddress(world.server.address)!;
  const socket = connectTls({
    host,
    port,
    rejectUnauthorized: false,
    cert: lab.controller.certificate,
    key: lab.controller.key,
  });
  socket.on("error", () => {}); // closed all the same
  socket.resume();
  await closed(socket);
});
