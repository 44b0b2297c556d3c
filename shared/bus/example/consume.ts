/** Prints the IOPS of every participant of a lab while it runs. How to start it: docs/subjects.md. */
import { connect } from "@nats-io/transport-node";
import { fromBinary } from "@bufbuild/protobuf";
import { RecordBatchSchema, RecordSchema } from "@salvo/proto/telemetry_pb.ts";

const [url = "nats://127.0.0.1:4222", lab = "lab1", reader = "dashboard"] = process.argv.slice(2);

const tls = { caFile: `${reader}/ca.pem`, certFile: `${reader}/cert.pem`, keyFile: `${reader}/key.pem` };
const nats = await connect({ servers: url, tls, maxReconnectAttempts: -1, waitOnFirstConnect: true });
const messages = nats.subscribe(`salvo.${lab}.run.*.fio.>`);
await nats.flush();
console.error(`listening at ${nats.getServer()}`);

const countedAtNsOf = new Map<string, bigint>();
for await (const message of messages) {
  const run = message.subject.split(".")[3];
  const inBatch = message.headers?.get("Salvo-Message") === "salvo.v1.RecordBatch";
  const records = inBatch ? fromBinary(RecordBatchSchema, message.data).records : [message.data];
  for (const record of records) show(run, record);
}

function show(run: string | undefined, bytes: Uint8Array): void {
  const { body } = fromBinary(RecordSchema, bytes);
  if (body.case !== "fio") return;
  const { participant, tick, stalled, countedAtNs, read, write } = body.value;

  // A stalled fio tells nothing, and a message may come twice: then the instant that its counts are of is not new.
  const key = `${run} ${participant}`;
  const beforeNs = countedAtNsOf.get(key);
  if (stalled || (beforeNs !== undefined && countedAtNs <= beforeNs)) return;
  countedAtNsOf.set(key, countedAtNs);
  // When the first sample's time began, another record says (start).
  if (beforeNs === undefined) return;

  const ios = (read?.ios ?? 0) + (write?.ios ?? 0);
  console.log(`${key} tick ${tick}: ${Math.round((ios * 1e9) / Number(countedAtNs - beforeNs))} IOPS`);
}
