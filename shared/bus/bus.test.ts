import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { PresenceSchema, RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import { expect, test } from "vitest";
import { connectBus } from "./connection.ts";
import { consumeRun } from "./consume.ts";
import { publishPresence, watchPresence } from "./presence.ts";
import { createPublisher } from "./publisher.ts";
import { ensureStream } from "./stream.ts";
import { testServer } from "./testing-server.ts";

const lab = "lab1";
const run = "run1";
const agent = "guest1";

test("what an agent publishes the controller consumes, byte for byte and with its number", async () => {
  await using server = await testServer();
  await using bus = await connectBus({ url: server.url, name: agent });
  await ensureStream({ bus, lab });
  await using publisher = createPublisher({ bus, lab, run, agent });
  const payload = toBinary(RecordSchema, create(RecordSchema, { seq: 7, body: { case: "cpu", value: { tick: 3 } } }));
  expect(await publisher.publish(7, "cpu", payload)).toBe("acked");

  const stop = new AbortController();
  for await (const message of consumeRun({ bus, lab, run, signal: stop.signal })) {
    expect(message).toMatchObject({ agent, kind: "cpu", seq: 7 });
    expect(fromBinary(RecordSchema, message.payload).body.value).toMatchObject({ tick: 3 });
    expect(message.storedAtNs).toBeGreaterThan(1_700_000_000_000_000_000n);
    stop.abort();
  }
});
