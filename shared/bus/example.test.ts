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

  const example = spawn(process.execPath, [`${import.meta.dirname}/example/consume.ts`, server.url, "lab1"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: example.stdout })) {
    lines.push(line);
    if (lines.length === 2) example.kill();
  }
  expect(lines).toEqual(["run1 guest1.disk0 tick 1: 750 IOPS", "run1 guest1.disk0 tick 2: 200 IOPS"]);
});

function fioRecord(seq: number, tick: number, runtimeMs: number, reads: number, writes: number): Uint8Array {
  const value = { participant: "guest1.disk0", tick, runtimeMs, read: { ios: reads }, write: { ios: writes } };
  return toBinary(RecordSchema, create(RecordSchema, { seq, body: { case: "fio", value } }));
}
