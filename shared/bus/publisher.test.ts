import type { Msg } from "@nats-io/transport-node";
import { expect, test, vi } from "vitest";
import { createChannel } from "../kernel/channel.ts";
import { connectBus, type Bus } from "./connection.ts";
import { createPublisher } from "./publisher.ts";
import { DEFAULT_LIMITS, ensureStream } from "./stream.ts";
import { testServer } from "./testing-server.fixture.ts";

const lab = "lab1";
const run = "run1";
const agent = "guest1";
const payload = new Uint8Array([1, 2, 3]);

test("everything acked through a kill -9 of the server is stored, and stored once", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: agent });
  await ensureStream({ bus, lab });
  await using publisher = createPublisher({ bus, lab, run, agent, inFlightMax: 16 });

  const total = 400;
  const outcomes: Promise<string>[] = [];
  for (let seq = 1; seq <= total; seq++) {
    await publisher.room();
    outcomes.push(publisher.publish(seq, "fio", payload));
    if (seq === total / 2) void server.kill().then(() => server.start());
  }
  expect(new Set(await Promise.all(outcomes))).toEqual(new Set(["acked"]));
  expect(publisher.counters).toMatchObject({ acked: total, skipped: 0, inFlight: 0 });
  expect(publisher.counters.retried).toBeGreaterThan(0);
  expect((await ensureStream({ bus, lab })).state.messages).toBe(total);
});

test("what was on its way when the connection broke is sent again as soon as there is a new one", async () => {
  await using server = await testServer({ jetstream: false });
  await server.start();
  await using bus = await connectBus({ url: server.url, name: agent });
  const requests = answering(bus);
  await using publisher = createPublisher({ bus, lab, run, agent });
  const outcome = publisher.publish(1, "fio", payload);
  await requests.next();
  await server.kill();
  await vi.waitFor(() => expect(publisher.counters.retried).toBe(1), { timeout: 1_000 }); // the ack's time-out is 1.5 s
  expect(publisher.counters.lastProblem).toBe(`the connection to ${server.url} was lost`);
  await server.start();
  ack(await requests.next());
  expect(await outcome).toBe("acked");
});

test("a record that is published again under its number is acked and not stored again", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: agent });
  await ensureStream({ bus, lab });
  await using publisher = createPublisher({ bus, lab, run, agent });
  await publisher.publish(1, "fio", payload);
  expect(await publisher.publish(1, "fio", payload)).toBe("acked");
  expect((await ensureStream({ bus, lab })).state.messages).toBe(1);
});

test("until there is a stream the records wait, and nothing is thrown", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: agent });
  await using publisher = createPublisher({ bus, lab, run, agent });
  const outcome = publisher.publish(1, "fio", payload);
  await vi.waitFor(() => expect(publisher.counters.retried).toBeGreaterThan(0));
  expect(publisher.counters.lastProblem).toContain("no responders");
  await ensureStream({ bus, lab });
  expect(await outcome).toBe("acked");
});

test("a record above the server's or the stream's limit is skipped and counted, and the next one goes", async () => {
  await using server = await testServer({ maxPayloadBytes: 8192 });
  await server.start();
  await using bus = await connectBus({ url: server.url, name: agent });
  await ensureStream({ bus, lab, limits: { ...DEFAULT_LIMITS, maxMessageBytes: 2048 } });
  await using publisher = createPublisher({ bus, lab, run, agent });
  expect(await publisher.publish(1, "event", new Uint8Array(8192))).toBe("skipped");
  expect(publisher.counters.lastProblem).toBe("record 1 is above the server's message limit");
  expect(await publisher.publish(2, "event", new Uint8Array(4096))).toBe("skipped");
  expect(publisher.counters.lastProblem).toBe("record 2 is above the stream's message limit");
  expect(await publisher.publish(3, "event", payload)).toBe("acked");
  expect(publisher.counters).toMatchObject({ acked: 1, skipped: 2, retried: 0 });
});

test("no more than inFlightMax are on their way at once, and room comes with each ack", async () => {
  await using server = await testServer({ jetstream: false });
  await server.start();
  await using bus = await connectBus({ url: server.url, name: agent });
  const requests = answering(bus);
  await using publisher = createPublisher({ bus, lab, run, agent, inFlightMax: 2 });

  const outcomes = [1, 2, 3].map((seq) => publisher.publish(seq, "fio", payload));
  const first = await requests.next();
  const second = await requests.next();
  await bus.connection.flush();
  expect(publisher.counters.inFlight).toBe(2);
  expect(requests.waiting).toBe(0);
  let room = false;
  const roomCame = publisher.room().then(() => (room = true));

  ack(first);
  const third = await requests.next();
  expect(third.headers?.get("Nats-Msg-Id")).toMatch(/^[\w-]{22}$/);
  expect(room).toBe(false);
  ack(second);
  await roomCame;
  ack(third);
  expect(await Promise.all(outcomes)).toEqual(["acked", "acked", "acked"]);
});

test("an answer that is none of JetStream's is not taken for an ack: the same id is sent again", async () => {
  await using server = await testServer({ jetstream: false });
  await server.start();
  await using bus = await connectBus({ url: server.url, name: agent });
  const requests = answering(bus);
  await using publisher = createPublisher({ bus, lab, run, agent });
  const outcome = publisher.publish(5, "cpu", payload);
  const first = await requests.next();
  first.respond("thanks");
  (await requests.next()).respond(`{"hello":1}`);
  (await requests.next()).respond(`{"error":{"code":503,"err_code":10023,"description":"insufficient resources"}}`);
  const last = await requests.next();
  expect(publisher.counters).toMatchObject({ acked: 0, retried: 3, lastProblem: "insufficient resources" });
  expect(last.subject).toBe("salvo.lab1.run.run1.cpu.guest1");
  expect(last.headers?.get("Nats-Msg-Id")).toMatch(/^[\w-]{22}$/);
  expect(last.headers?.get("Nats-Msg-Id")).toBe(first.headers?.get("Nats-Msg-Id"));
  expect(last.headers?.get("Salvo-Message")).toBe("salvo.v1.Record");
  expect(last.headers?.get("Salvo-Seq")).toBe("5");
  ack(last);
  expect(await outcome).toBe("acked");
});

test("disposing ends what waits for an ack or for a place, without an error", async () => {
  await using server = await testServer({ jetstream: false });
  await server.start();
  await using bus = await connectBus({ url: server.url, name: agent });
  const requests = answering(bus);
  const publisher = createPublisher({ bus, lab, run, agent, inFlightMax: 1 });
  const outcomes = [1, 2].map((seq) => publisher.publish(seq, "fio", payload));
  await requests.next();
  await publisher[Symbol.asyncDispose]();
  expect(await Promise.all(outcomes)).toEqual(["stopped", "stopped"]);
  expect(await publisher.publish(3, "fio", payload)).toBe("stopped");
});

test("an agent that may only publish its own subjects and hear its own inbox can publish", async () => {
  await using server = await testServer();
  await server.start();
  {
    await using controller = await connectBus({ url: server.url, name: "controller" });
    await ensureStream({ bus: controller, lab });
  }
  await server.kill();
  await server.start(`no_auth_user: guest1
    authorization { users = [ { user: guest1, password: x, permissions: {
      publish: ["salvo.lab1.run.*.*.guest1", "salvo.lab1.agent.guest1.>"], subscribe: ["_INBOX_guest1.>"] } } ] }`);
  await using bus = await connectBus({ url: server.url, name: agent });
  await using own = createPublisher({ bus, lab, run, agent });
  expect(await own.publish(1, "fio", payload)).toBe("acked");

  await using other = createPublisher({ bus, lab, run, agent: "guest2" });
  void other.publish(1, "fio", payload);
  for await (const { type } of bus.connection.status()) if (type === "error") break;
  expect(other.counters.acked).toBe(0);
});

test("names that cannot be part of a subject are refused", async () => {
  await using server = await testServer({ jetstream: false });
  await server.start();
  await using bus = await connectBus({ url: server.url, name: agent });
  for (const bad of [{ lab: "a.b" }, { run: "*" }, { agent: ">" }]) {
    expect(() => createPublisher({ bus, lab, run, agent, ...bad })).toThrow("of a subject");
  }
});

/** Stands where JetStream would, to answer when and what a test wants. */
function answering(bus: Bus) {
  const channel = createChannel<Msg>();
  bus.connection.subscribe(`salvo.${lab}.run.>`, { callback: (_, message) => void channel.push(message) });
  const iterator = channel[Symbol.asyncIterator]();
  return {
    next: async () => (await iterator.next()).value as Msg, // never closed
    get waiting() {
      return channel.size;
    },
  };
}

function ack(message: Msg): void {
  message.respond(JSON.stringify({ stream: "salvo-lab1", seq: 1 }));
}
