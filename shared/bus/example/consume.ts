/** Prints the IOPS of every participant of a lab while it runs: node consume.ts nats://127.0.0.1:4222 lab1 */
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { fromBinary } from "@bufbuild/protobuf";
import { RecordSchema } from "@salvo/proto/telemetry_pb.ts";

const [url = "nats://127.0.0.1:4222", lab = "lab1"] = process.argv.slice(2);

const nats = await connect({ servers: url, maxReconnectAttempts: -1 });
const consumer = await jetstream(nats).consumers.get(`salvo-${lab}`, { filter_subjects: `salvo.${lab}.run.*.fio.>` });

const runtimeMsOf = new Map<string, number>();
for await (const message of await consumer.consume()) {
  const { body } = fromBinary(RecordSchema, message.data);
  if (body.case !== "fio") continue;
  const { participant, tick, runtimeMs, read, write } = body.value;
  const run = message.subject.split(".")[3];

  // A message may come twice, and a stalled fio tells nothing: then its run time has not grown.
  const key = `${run} ${participant}`;
  const elapsedMs = runtimeMs - (runtimeMsOf.get(key) ?? 0);
  if (elapsedMs <= 0) continue;
  runtimeMsOf.set(key, runtimeMs);

  const ios = (read?.ios ?? 0) + (write?.ios ?? 0);
  console.log(`${key} tick ${tick}: ${Math.round((ios * 1000) / elapsedMs)} IOPS`);
}
