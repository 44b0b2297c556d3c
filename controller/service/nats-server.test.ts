import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectBus } from "@salvo/shared/bus/connection.ts";
import { createPublisher } from "@salvo/shared/bus/publisher.ts";
import { ensureStream } from "@salvo/shared/bus/stream.ts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freePort } from "./nats-probe.ts";
import { lastNatsUrl, natsServerVersion, startNatsServer, type NatsServerStatus } from "./nats-server.ts";

let dataDir = "";
beforeEach(async () => void (dataDir = await mkdtemp(join(tmpdir(), "salvo-nats-server-"))));
afterEach(async () => rm(dataDir, { recursive: true }));

test("when the start is done a client connects and JetStream stores on disk", async () => {
  await using server = await startNatsServer({ dataDir: join(dataDir, "new") });
  await using bus = await connectBus({ url: server.url, name: "controller" });
  expect(bus.server).toMatchObject({ maxPayloadBytes: 1048576 });
  await ensureStream({ bus, lab: "lab1" });
  await using publisher = createPublisher({ bus, lab: "lab1", run: "run1", agent: "guest1" });
  expect(await publisher.publish(1, "fio", new Uint8Array(10))).toBe("acked");
  expect((await stat(join(dataDir, "new", "nats", "jetstream"))).isDirectory()).toBe(true);
  expect((await stat(join(dataDir, "new", "nats-server.conf"))).mode & 0o777).toBe(0o600);
});

test("a server that is killed comes back on its port with what it had stored", async () => {
  const ready = Promise.withResolvers<void>();
  const statuses: NatsServerStatus[] = [];
  const onStatus = (status: NatsServerStatus) => {
    statuses.push(status);
    if (status.type === "ready" && statuses.length > 1) ready.resolve();
  };
  await using server = await startNatsServer({ dataDir, onStatus });
  await using bus = await connectBus({ url: server.url, name: "controller" });
  const { created } = await ensureStream({ bus, lab: "lab1" });
  const { pid } = server;
  process.kill(pid, "SIGKILL");
  await ready.promise;
  expect(server.pid).not.toBe(pid);
  expect(server.restarts).toBe(1);
  expect(statuses[1]).toMatchObject({ type: "died", reason: expect.stringContaining("SIGKILL") });
  await vi.waitFor(() => expect(bus.connected).toBe(true), { timeout: 5000 });
  expect((await ensureStream({ bus, lab: "lab1" })).created).toBe(created);
});

test("disposing ends the process and no other is started", async () => {
  const statuses: string[] = [];
  const server = await startNatsServer({ dataDir, onStatus: ({ type }) => statuses.push(type) });
  await server[Symbol.asyncDispose]();
  expect(() => process.kill(server.pid, 0)).toThrow("ESRCH");
  expect(statuses).toEqual(["ready"]);
});

test("the next controller gets the same port, or another one when it has been taken meanwhile", async () => {
  const first = await startNatsServer({ dataDir });
  await first[Symbol.asyncDispose]();
  const second = await startNatsServer({ dataDir });
  expect(second.url).toBe(first.url);
  await second[Symbol.asyncDispose]();

  const squatter = createServer().listen(Number(new URL(first.url).port), "127.0.0.1");
  await once(squatter, "listening");
  await using third = await startNatsServer({ dataDir });
  expect(third.url).not.toBe(first.url);
  squatter.close();
});

test("others learn from the data folder where the server listens, or that there was none", async () => {
  await expect(lastNatsUrl(dataDir)).rejects.toMatchObject({ kind: "not-found", file: dataDir });
  const some = await startNatsServer({ dataDir });
  expect(await lastNatsUrl(dataDir)).toBe(some.url);
  await some[Symbol.asyncDispose]();

  const port = await freePort("127.0.0.1");
  await using asked = await startNatsServer({ dataDir, port });
  expect(asked.url).toBe(`nats://127.0.0.1:${port}`);
  expect(await lastNatsUrl(dataDir)).toBe(asked.url);
  expect(await natsServerVersion()).toMatch(/\d+\.\d+\.\d+/);
});

test("a port that was asked for and is taken is an error, even when a NATS server answers there", async () => {
  await using other = await startNatsServer({ dataDir: join(dataDir, "other") });
  const port = Number(new URL(other.url).port);
  await expect(startNatsServer({ dataDir, port })).rejects.toMatchObject({
    kind: "unavailable",
    message: `nats-server cannot listen on 127.0.0.1:${port}: the port is taken`,
  });
});

test("a host without the program is told how to get it", async () => {
  await expect(startNatsServer({ dataDir, program: "no-such-nats-server" })).rejects.toMatchObject({
    kind: "not-found",
    message: expect.stringContaining("no-such-nats-server"),
    remedy: expect.stringContaining("apt-get install nats-server"),
  });
});

test("a folder that cannot be used is named", async () => {
  const file = join(dataDir, "a-file");
  await writeFile(file, "");
  await expect(startNatsServer({ dataDir: join(file, "below") })).rejects.toMatchObject({
    kind: "invalid-input",
    message: expect.stringContaining("ENOTDIR"),
    file: join(file, "below"),
  });
});

test("a server whose port cannot be noted down is not left running", async () => {
  await mkdir(join(dataDir, "nats-port"));
  await expect(startNatsServer({ dataDir })).rejects.toThrow("EISDIR");
  const [, port = ""] = /:(\d+)"/.exec(await readFile(join(dataDir, "nats-server.conf"), "utf8")) ?? [];
  const visitor = connect(Number(port), "127.0.0.1");
  await expect(once(visitor, "connect")).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("a server that dies at its start says why in its last words", async () => {
  await writeFile(join(dataDir, "nats"), "a file where the store should be");
  await expect(startNatsServer({ dataDir })).rejects.toMatchObject({
    kind: "program-failed",
    message: expect.stringMatching(/exit code 1 .*\n.*JetStream/s),
  });
});

test("a start that is no longer wanted is ended and leaves no process", async () => {
  const stop = new AbortController();
  stop.abort();
  await expect(startNatsServer({ dataDir, signal: stop.signal })).rejects.toMatchObject({ kind: "cancelled" });
});
