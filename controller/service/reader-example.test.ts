/** The example of docs/subjects.md, with a reader's certificate, on records made for it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import { RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import { connectBus } from "@salvo/shared/bus/connection.ts";
import { createPublisher } from "@salvo/shared/bus/publisher.ts";
import { ensureStream } from "@salvo/shared/bus/stream.ts";
import { testServer } from "@salvo/shared/bus/testing-server.fixture.ts";
import { natsTls } from "@salvo/shared/identity/nats.ts";
import { testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { expect, test } from "vitest";
import { natsSecurity } from "./nats-security.ts";

const EXAMPLE = fileURLToPath(import.meta.resolve("@salvo/shared/bus/example/consume.ts"));

test("the example in the documentation prints IOPS per participant, duplicates left out", async () => {
  await using undo = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "salvo-reader-"));
  undo.defer(() => rm(folder, { recursive: true }));
  const lab = await testLab(folder, "lab1");
  const { ca, certificate, key } = await lab.createReader("dashboard", Date.now());
  for (const [name, text] of Object.entries({ "ca.pem": ca, "cert.pem": certificate, "key.pem": key }))
    await writeFile(join(folder, name), text);
  const security = await natsSecurity(join(folder, "nats"), lab, []);
  await using server = await testServer();
  await server.start(await security.text());
  await using bus = await connectBus({ url: server.url, name: "controller", tls: natsTls("lab1", lab.controller) });
  await ensureStream({ bus, lab: "lab1" });
  const example = spawn(process.execPath, [EXAMPLE, server.url, "lab1", folder], { stdio: ["ignore", "pipe", "pipe"] });
  undo.defer(() => void example.kill());
  expect(String(await once(example.stderr, "data"))).toMatch(/^listening at 127/);

  await using publisher = createPublisher({ bus, lab: "lab1", run: "run1", agent: "guest1" });

  await publisher.publish(1, "fio", fioRecord(1, 1, 1000, 500, 250));
  // The agent was restarted and published it anew, after JetStream had forgotten its id.
  await publisher.publish(2, "fio", fioRecord(2, 1, 1000, 500, 250));
  await publisher.publishBatch("fio", [
    { seq: 3, payload: fioRecord(3, 2, 1500, 100, 0) },
    { seq: 4, payload: stalledRecord(4, 3) },
  ]);
  // Answered late: what it did in two ticks, until half a second after the second.
  await publisher.publish(5, "fio", fioRecord(5, 4, 4000, 300, 200));

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
