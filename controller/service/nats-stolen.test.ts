/** What somebody who has stolen an agent's certificate can do on the nats-server that the controller starts: the real one. */
import { createPublisher } from "@salvo/shared/bus/publisher.ts";
import { type Bus, type BusStatus, connectBus } from "@salvo/shared/bus/connection.ts";
import { consumeRun } from "@salvo/shared/bus/consume.ts";
import { recordHeaders } from "@salvo/shared/bus/message.ts";
import { DEFAULT_LIMITS, ensureStream, openManager } from "@salvo/shared/bus/stream.ts";
import { natsTls } from "@salvo/shared/identity/nats.ts";
import type { Credential } from "@salvo/shared/identity/pem.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { deadline, unlessAborted } from "@salvo/shared/kernel/signal.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CONTROL_LINE_BYTES_MAX, SUBSCRIPTIONS_MAX } from "./nats-config.ts";
import { natsSecurity } from "./nats-security.ts";
import { type NatsServer, startNatsServer } from "./nats-server.ts";

let folder: string;
let lab: TestLab;
let server: NatsServer;
let stolen: Credential;
let guest2: Credential;
let controller: Bus;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-nats-stolen-"));
  lab = await testLab(folder);
  stolen = await lab.enrol("guest1");
  guest2 = await lab.enrol("guest2");
  const dataDir = join(folder, "nats");
  const security = await natsSecurity(dataDir, lab, []);
  server = await startNatsServer({ dataDir, access: { host: "127.0.0.1", security } });
  controller = await connecting("controller", lab.controller);
  await ensureStream({ bus: controller, lab: "bench" });
});
afterAll(async () => {
  await controller[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function connecting(name: string, credential: Credential, onStatus?: (status: BusStatus) => void): Promise<Bus> {
  const signal = deadline(10_000, "connecting");
  return connectBus({ url: server.url, name, tls: natsTls("bench", credential), onStatus, signal });
}

/** What the server says to the thief when he does something. */
async function answer(act: (bus: Bus) => void): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  await using open = await connecting("agent-guest1", stolen, (status) => {
    if (status.type === "error") resolve(status.reason);
    if (status.type === "disconnected") resolve("thrown out");
  });
  act(open);
  return await unlessAborted(promise, deadline(5_000, "the server's answer"));
}

test.each([
  ["speak for another agent", "salvo.bench.run.run-1.fio.guest2"],
  ["be seen as another agent", "salvo.bench.agent.guest2.presence"],
  ["delete the stream", "$JS.API.STREAM.DELETE.salvo-bench"],
  ["empty the stream", "$JS.API.STREAM.PURGE.salvo-bench"],
  ["delete one message", "$JS.API.STREAM.MSG.DELETE.salvo-bench"],
  ["read one message", "$JS.API.STREAM.MSG.GET.salvo-bench"],
  ["change the stream", "$JS.API.STREAM.UPDATE.salvo-bench"],
  ["make a stream", "$JS.API.STREAM.CREATE.mine"],
  ["make a consumer", "$JS.API.CONSUMER.CREATE.salvo-bench.c"],
  ["make a durable consumer", "$JS.API.CONSUMER.DURABLE.CREATE.salvo-bench.c"],
  ["pull from a consumer", "$JS.API.CONSUMER.MSG.NEXT.salvo-bench.c"],
  ["ask JetStream anything", "$JS.API.INFO"],
  ["acknowledge for a consumer", "$JS.ACK.salvo-bench.c.1.1.1.1.1"],
  ["write into another's inbox", "_INBOX_agent-guest2.x"],
  ["write into the controller's inbox", "_INBOX_controller.x"],
  ["reach the system", "$SYS.REQ.SERVER.PING"],
  ["speak of something else", "salvo.bench.run"],
])("a stolen certificate of an agent does not let it %s", async (_what, subject) => {
  expect(await answer(({ connection }) => connection.publish(subject, "x"))).toMatch(
    /permissions violation for publish/i,
  );
});

test.each([
  "salvo.bench.run.>",
  "salvo.bench.agent.guest2.presence",
  ">",
  "*",
  "$SYS.>",
  "$JS.>",
  "_INBOX.>",
  "_INBOX_agent-guest2.>",
  "_INBOX_controller.>",
])("a stolen certificate of an agent does not let it read %s", async (subject) => {
  expect(await answer(({ connection }) => void connection.subscribe(subject))).toMatch(
    /permissions violation for subscription/i,
  );
});

test("a stolen certificate of an agent does not let it have the server's own acknowledgement purge or delete", async () => {
  await using bus = await connecting("agent-guest2", guest2);
  await using publisher = createPublisher({ bus, lab: "bench", run: "run-3", agent: "guest2" });
  expect(await publisher.publish(1, "fio", Buffer.from("mine"))).toBe("acked");
  const manager = await openManager(controller);
  await using thief = await connecting("agent-guest1", stolen);
  for (const subject of ["PURGE", "MSG.DELETE", "DELETE"]) {
    const reply = `$JS.API.STREAM.${subject}.salvo-bench`;
    // The server answers there in its own name: {"stream":"salvo-bench","seq":5}.
    const { promise, resolve } = Promise.withResolvers<void>();
    const acknowledged = controller.connection.subscribe(reply, { callback: () => resolve() });
    await controller.connection.flush();
    thief.connection.publish("salvo.bench.run.run-3.fio.guest1", "x", { reply });
    await unlessAborted(promise, deadline(5_000, "the acknowledgement"));
    acknowledged.unsubscribe();
    await manager.streams.info("salvo-bench"); // asked after it, so answered after it
  }
  const stop = new AbortController();
  const found: string[] = [];
  for await (const { agent, payload } of consumeRun({
    bus: controller,
    lab: "bench",
    run: "run-3",
    signal: stop.signal,
  })) {
    if (agent === "guest2") found.push(Buffer.from(payload).toString());
    stop.abort();
  }
  expect(found).toEqual(["mine"]);
}, 15_000);

test("no record of another agent is taken for a duplicate of one that a thief has published before", async () => {
  const run = "run-2";
  await using thief = await connecting("agent-guest1", stolen);
  // All that he can know of another's records: run, agent and number.
  for (const guess of ["run-2.guest2.1", "run-2.1", "guest2.1", "1"])
    thief.connection.publish("salvo.bench.run.run-2.fio.guest1", "x", {
      headers: recordHeaders({ id: guess, seq: 1 }),
    });
  await thief.connection.flush();

  await using bus = await connecting("agent-guest2", guest2);
  await using publisher = createPublisher({ bus, lab: "bench", run, agent: "guest2" });
  expect(await publisher.publish(1, "fio", Buffer.from("mine"))).toBe("acked");
  const stop = new AbortController();
  for await (const { agent, payload } of consumeRun({ bus: controller, lab: "bench", run, signal: stop.signal })) {
    if (agent === "guest1") continue;
    expect(Buffer.from(payload).toString()).toBe("mine");
    stop.abort();
  }
}, 10_000);

test("a subject that is longer than anybody needs ends the connection, and nobody else notices", async () => {
  const subject = `salvo.bench.run.${"r".repeat(CONTROL_LINE_BYTES_MAX)}.fio.guest1`;
  expect(await answer(({ connection }) => connection.publish(subject, "x"))).toMatch(/control line|thrown out/i);
  expect(controller.connected).toBe(true);
});

test("ever new subjects are not kept for ever: the stream has a greatest number of messages", async () => {
  await using bus = await connecting("agent-guest1", stolen);
  const limits = { ...DEFAULT_LIMITS, maxMessages: 10 };
  await ensureStream({ bus: controller, lab: "bench", limits });
  for (let each = 1; each <= 100; each++) bus.connection.publish(`salvo.bench.run.new-${each}.fio.guest1`, "x");
  await bus.connection.flush();
  const { state } = await ensureStream({ bus: controller, lab: "bench", limits });
  expect(state.messages).toBe(10);
  const { config } = await ensureStream({ bus: controller, lab: "bench" });
  expect(config.max_msgs).toBe(500_000);
});

test("more subscriptions than anybody needs are refused, and nobody else notices", async () => {
  const flood = ({ connection }: Bus) => {
    for (let each = 0; each <= SUBSCRIPTIONS_MAX; each++) connection.subscribe(`_INBOX_agent-guest1.${each}`);
  };
  expect(await answer(flood)).toMatch(/maximum subscriptions|thrown out/i);
  expect(controller.connected).toBe(true);
});
