import { create, toBinary } from "@bufbuild/protobuf";
import { RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Bus, connectBus } from "../../bus/connection.ts";
import { consumeRun } from "../../bus/consume.ts";
import { ensureStream } from "../../bus/stream.ts";
import { testServer } from "../../bus/testing-server.fixture.ts";
import { type Journal, openJournal } from "../../journal/writer.ts";
import { SalvoError } from "../../kernel/error.ts";
import { createLogger } from "../../log/logger.ts";
import { publishRun, type RunPublisher } from "./publish.ts";

const [lab, run, agent] = ["lab1", "run-1", "guest1"];
let folder: string;
let journal: Journal;
let logged: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-publish-"));
  journal = await openJournal(join(folder, "journal"), { flushMs: 1 });
  logged = [];
});
afterEach(async () => {
  await journal.close();
  await rm(folder, { recursive: true });
});

function append(count: number): void {
  for (let each = 0; each < count; each++) {
    const seq = journal.lastSeq + 1;
    const record = { seq, body: { case: "cpu", value: { tick: seq } } } as const;
    journal.append(toBinary(RecordSchema, create(RecordSchema, record)));
  }
}

function publish(bus: Promise<Bus>, batches = true): RunPublisher {
  const log = createLogger({ name: "t", level: "warn", env: {}, destination: { write: (line) => logged.push(line) } });
  return publishRun({ bus, lab, run, agent, journal, batches, log });
}

/** The numbers of the records at the server, until all of them have come. */
async function arrived(bus: Bus, count: number): Promise<number[]> {
  const seqs = new Set<number>();
  const { signal } = new AbortController();
  for await (const { seq } of consumeRun({ bus, lab, run, signal })) if (seqs.add(seq).size === count) break;
  return [...seqs].toSorted((left, right) => left - right);
}

test("the journal is copied while it grows, through the death of the server, to its last record", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "both" });
  await ensureStream({ bus, lab });
  append(20);
  const publisher = publish(Promise.resolve(bus));
  expect(await arrived(bus, 20)).toHaveLength(20);
  await server.kill();
  append(30);
  await server.start();
  append(10);
  await journal.end();
  expect(await arrived(bus, 60)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
  await publisher.stop();
  expect(logged).toEqual([]);
});

test("what became durable together goes as one message of each kind, and alone to a controller that does not know batches", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "both" });
  await ensureStream({ bus, lab });
  append(2_500);
  const event = { seq: 2_501, body: { case: "event", value: { text: "enough" } } } as const;
  journal.append(toBinary(RecordSchema, create(RecordSchema, event)));
  await journal.end();

  const inBatches = publish(Promise.resolve(bus));
  expect(await arrived(bus, 2_501)).toHaveLength(2_501);
  expect((await ensureStream({ bus, lab })).state.messages).toBe(4); // 1000, 1000 and 500 of cpu, and the event
  await inBatches.stop();

  const alone = publish(Promise.resolve(bus), false);
  await vi.waitUntil(async () => (await ensureStream({ bus, lab })).state.messages === 4 + 2_501, { timeout: 20_000 });
  await alone.stop();
  expect(logged).toEqual([]);
});

test("it stops at once when there is no server, and says nothing of it", async () => {
  await using absent = await testServer();
  const giveUp = new AbortController();
  const bus = connectBus({ url: absent.url, name: "guest1", signal: giveUp.signal });
  append(1);
  const publisher = publish(bus);
  const stopped = publisher.stop();
  giveUp.abort(new SalvoError("cancelled", "over"));
  await stopped;
  expect(logged).toEqual([]);
});

test("it stops with records on their way, when the server has gone", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "guest1" });
  await ensureStream({ bus, lab });
  const publisher = publish(Promise.resolve(bus));
  append(1);
  await arrived(bus, 1);
  await server.kill();
  append(500);
  await journal.flush();
  await publisher.stop();
  expect(logged).toEqual([]);
});

test("a bus that fails is logged once; the journal goes on", async () => {
  const publisher = publish(Promise.reject(new SalvoError("invalid-input", "no address")));
  append(1);
  await vi.waitFor(() => expect(logged).toHaveLength(1));
  await publisher.stop();
  expect(logged).toHaveLength(1);
  expect(logged[0]).toContain("the controller will collect the rest");
  append(1);
  await journal.flush();
  expect(journal.durableSeq).toBe(2);
});
