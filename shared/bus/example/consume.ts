/** Prints the IOPS of every participant of a lab while it runs: node consume.ts nats://127.0.0.1:4222 lab1 */
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { fromBinary } from "@bufbuild/protobuf";
import { RecordSchema } from "@salvo/proto/telemetry_pb.ts";

const [url = "nats://127.0.0.1:4222", lab = "lab1"] = process.argv.slice(2);

const nats = await connect({ servers: url, maxReconnectAttempts: -1 });
const consumer = await jetstream(nats).consumers.get(`salvo-${lab}`, { filter_subjects: `salvo.${lab}.run.*.fio.>` });

const countedAtNsOf = new Map<string, bigint>();
for await (const message of await consumer.consume()) {
  const { body } = fromBinary(RecordSchema, message.data);
  if (body.case !== "fio") continue;
  const { participant, tick, stalled, countedAtNs, read, write } = body.value;
  const run = message.subject.split(".")[3];

  // A stalled fio tells nothing, and a message may come twice: then the instant that its counts are of is not new.
  const key = `${run} ${participant}`;
  const beforeNs = countedAtNsOf.get(key);
  if (stalled || (beforeNs !== undefined && countedAtNs <= beforeNs)) continue;
  countedAtNsOf.set(key, countedAtNs);
  // When the first sample's time began, another record says (start).
  if (beforeNs === undefined) continue;

  const ios = (read?.ios ?? 0) + (write?.ios ?? 0);
  console.log(`${key} tick ${tick}: ${Math.round((ios * 1e9) / Number(countedAtNs - beforeNs))} IOPS`);
}
