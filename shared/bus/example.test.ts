import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { create, toBinary } from "@bufbuild/protobuf";
import { RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import { expect, test } from "vitest";
import { connectBus } from "./connection.ts";
import { createPublisher } from "./publisher.ts";
import { ensureStream } from "./stream.ts";
import { testServer } from "./testing-server.ts";

test("the example in the documentation prints IOPS per participant, duplicates left out", async () => {
  await using server = await testServer();
  await server.start();
  await using bus = await connectBus({ url: server.url, name: "controller" });
  await ensureStream({ bus, lab: "lab1" });
  await using publisher = createPublisher({ bus, lab: "lab1", run: "run1", agent: "guest1" });

  await publisher.publish(1, "fio", fioRecord(1, 1, 1000, 500, 250));
  // The agent was restarted and published it anew, after JetStream had forgotten its id.
  await publisher.publish(2, "fio", fioRecord(2, 1, 1000, 500, 250));
  await publisher.publish(3, "fio", fioRecord(3, 2, 1500, 100, 0));
  await publisher.publish(4, "fio", stalledRecord(4, 3));
  // Answered late: what it did in two ticks, until half a second after the second.
  await publisher.publish(5, "fio", fioRecord(5, 4, 4000, 300, 200));

  const example = spawn(process.execPath, [`${import.meta.dirname}/example/consume.ts`, server.url, "lab1"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: example.stdout })) {
    lines.push(line);
    if (lines.length === 2) example.kill();
  }
  expect(lines).toEqual(["run1 guest1.disk0 tick 2: 200 IOPS", "run1 guest1.disk0 tick 4: 200 IOPS"]);
});

function fioRecord(seq: number, tick: number, countedMs: number, reads: number, writes: number): Uint8Array {
  const countedAtNs = BigInt(countedMs) * 1_000_000n;
  const value = { participant: "guest1.disk0", tick, countedAtNs, read: { ios: reads }, write: { ios: writes } };
  return toBinary(RecordSchema, create(RecordSchema, { seq, body: { case: "fio", value } }));
}

function stalledRecord(seq: number, tick: number): Uint8Array {
  const value = { participant: "guest1.disk0", tick, stalled: true };
  return toBinary(RecordSchema, create(RecordSchema, { seq, body: { case: "fio", value } }));
}
