import { readdir, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { RecordBatchSchema, RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import { expect, test } from "vitest";
import { connectBus, type Bus } from "./connection.ts";
import { consumeRun, type RunMessage } from "./consume.ts";
import { batchHeaders, seqOf } from "./message.ts";
import { createPublisher } from "./publisher.ts";
import { ensureStream } from "./stream.ts";
import { testServer } from "./testing-server.fixture.ts";

const lab = "lab1";
const run = "run1";
const agent = "guest1";

test("what was published before and after is consumed byte for byte, and of this run only", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "controller" });
  await ensureStream({ bus, lab });
  await publish(bus, 1, 1);
  await publish(bus, 1, 1, "run2");
  bus.connection.publish("salvo.lab1.run.run1.fio.guest1", "somebody else's, without a number");

  await using reader = read(bus);
  expect(await reader.next()).toMatchObject({ agent, kind: "fio", seq: 1, payload: Buffer.from(recordBytes(1)) });
  await publish(bus, 2, 2);
  const { seq, storedAtNs } = await reader.next();
  expect(seq).toBe(2);
  expect(Math.abs(Number(storedAtNs / 1_000_000n) - Date.now())).toBeLessThan(60_000);
});

test("records of a batch are consumed one by one, with the numbers that they bear, among those that came alone", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "controller" });
  await ensureStream({ bus, lab });
  await using reader = read(bus);
  await using publisher = createPublisher({ bus, lab, run, agent });
  const batched = [2, 3, 7].map((seq) => ({ seq, payload: record(seq) }));
  await publisher.publish(1, "cpu", record(1));
  await publisher.publishBatch("cpu", batched);
  await publisher.publishBatch("cpu", batched); // stored once
  await publisher.publishBatch("cpu", [{ seq: 8, payload: record(8) }]);
  const found = [
    await reader.next(),
    await reader.next(),
    await reader.next(),
    await reader.next(),
    await reader.next(),
  ];
  expect(found.map(({ seq, payload }) => ({ seq, payload: Uint8Array.from(payload) }))).toEqual(
    [1, 2, 3, 7, 8].map((seq) => ({ seq, payload: record(seq) })),
  );
  expect(found[1]).toMatchObject({ run, agent, kind: "cpu" });
});

test("a batch that is damaged, or far too many, comes as one damaged record, and the next message is read", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "controller" });
  await ensureStream({ bus, lab });
  await using reader = read(bus);
  const subject = `salvo.${lab}.run.${run}.fio.${agent}`;
  const headers = batchHeaders("id-1");
  const many = create(RecordBatchSchema, { records: Array.from({ length: 1001 }, () => record(1)) });
  const damaged = Uint8Array.of(0xff, 0xff, 0xff);
  for (const payload of [damaged, toBinary(RecordBatchSchema, many)]) {
    headers.set("Nats-Msg-Id", String(payload.length));
    bus.connection.publish(subject, payload, { headers });
  }
  expect(await reader.next()).toMatchObject({ agent, seq: 0, payload: Buffer.from(damaged) });
  expect(await reader.next()).toMatchObject({ agent, seq: 0 });
  await publish(bus, 5, 5);
  expect((await reader.next()).seq).toBe(5);
});

test("a program that knows records only finds nothing in a batch, and goes on", () => {
  const batch = create(RecordBatchSchema, { records: [record(1), record(2)] });
  const { seq, body } = fromBinary(RecordSchema, toBinary(RecordBatchSchema, batch));
  expect([seq, body.case]).toEqual([0, undefined]);
  expect(seqOf(batchHeaders("id"))).toBeUndefined();
});

test("without a run the records of all runs of the lab are consumed", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "controller" });
  await ensureStream({ bus, lab });
  await publish(bus, 1, 1);
  await publish(bus, 1, 1, "run2");
  const runs = new Set<string>();
  for await (const message of consumeRun({ bus, lab, signal: new AbortController().signal })) {
    runs.add(message.run);
    if (runs.size === 2) break;
  }
  expect(runs).toEqual(new Set(["run1", "run2"]));
});

test("a server that is killed and started again goes on where it was, without repeating", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "controller" });
  await ensureStream({ bus, lab });
  await using reader = read(bus);
  await publish(bus, 1, 20);
  expect(await reader.take(20)).toEqual(numbers(1, 20));

  await server.kill();
  await server.start();
  await publish(bus, 21, 25);
  expect(await reader.take(5)).toEqual(numbers(21, 25));
});

test("when the store was wiped while the server was down the stream is made again and new records come", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "controller" });
  await ensureStream({ bus, lab });
  await using reader = read(bus);
  await publish(bus, 1, 10);
  expect(await reader.take(10)).toEqual(numbers(1, 10));

  await server.kill();
  await server.wipe();
  await server.start();
  // Fewer than before: a position of the old stream would skip them.
  const published = publish(bus, 11, 13);
  expect(await reader.take(3)).toEqual(numbers(11, 13));
  await published;
});

test("when the server lost its last writes, what is stored in their place comes all the same", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "controller" });
  await ensureStream({ bus, lab });
  await using reader = read(bus);
  await publish(bus, 1, 100);
  expect(await reader.take(100)).toEqual(numbers(1, 100));

  await server.kill();
  await loseLastWrites(server.storeDir);
  await server.start();
  await publish(bus, 101, 110);
  const seen = new Set<number>();
  while (!numbers(101, 110).every((seq) => seen.has(seq))) seen.add((await reader.next()).seq);
  expect(seen.size).toBeLessThan(110); // the store had indeed lost some
});

test("a stream that somebody deletes under the reader is made again, and the reader told", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "controller" });
  await ensureStream({ bus, lab });
  await using reader = read(bus);
  await publish(bus, 1, 1);
  await reader.next();
  await (await jetstreamManager(bus.connection)).streams.delete("salvo-lab1");
  const published = publish(bus, 2, 2);
  expect((await reader.next()).seq).toBe(2);
  await published;
  expect(reader.troubles).not.toEqual([]);
});

test("aborting ends the iteration and takes the consumer from the server", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "controller" });
  await ensureStream({ bus, lab });
  const reader = read(bus);
  await publish(bus, 1, 1);
  await reader.next();
  expect((await ensureStream({ bus, lab })).state.consumer_count).toBe(1);
  await reader[Symbol.asyncDispose]();
  expect((await ensureStream({ bus, lab })).state.consumer_count).toBe(0);
});

async function publish(bus: Bus, first: number, last: number, ofRun = run): Promise<void> {
  await using publisher = createPublisher({ bus, lab, run: ofRun, agent });
  await Promise.all(numbers(first, last).map((seq) => publisher.publish(seq, "fio", recordBytes(seq))));
}

function read(bus: Bus) {
  const stop = new AbortController();
  const troubles: string[] = [];
  const onTrouble = (problem: Error) => troubles.push(problem.message);
  const messages = consumeRun({ bus, lab, run, signal: stop.signal, onTrouble });
  const reader = {
    troubles,
    async next(): Promise<RunMessage> {
      const { value, done } = await messages.next();
      if (done) throw new Error("the reader ended");
      return value;
    },
    async take(count: number): Promise<number[]> {
      const seqs: number[] = [];
      while (seqs.length < count) seqs.push((await reader.next()).seq);
      return seqs.sort((a, b) => a - b);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      expect(await messages.next()).toMatchObject({ done: true });
    },
  };
  return reader;
}

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function record(seq: number): Uint8Array {
  return toBinary(RecordSchema, create(RecordSchema, { seq, body: { case: "cpu", value: { tick: seq } } }));
}

function recordBytes(seq: number): Uint8Array {
  return new Uint8Array(200).fill(seq);
}

/** What a power failure does: the file's last pages never reached the disk. */
async function loseLastWrites(storeDir: string): Promise<void> {
  const files = await readdir(storeDir, { recursive: true });
  const blocks = files.filter((file) => file.endsWith(".blk")).map((file) => join(storeDir, file));
  expect(blocks).toHaveLength(1);
  await truncate(blocks[0]!, Math.floor((await stat(blocks[0]!)).size * 0.6));
}
