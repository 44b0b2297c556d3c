import { fromBinary } from "@bufbuild/protobuf";
import { RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import { syntheticRun } from "@salvo/shared/testing/records.ts";
import { decodeRecord } from "../analysis/decode.ts";
const run = syntheticRun({
  agents: 1,
  participantsPerAgent: 1,
  ticks: 2000,
  rampTicks: 0,
  binsPerSample: 16,
  disks: false,
});
const ps = [...run.payloads("vm1")].map((x) => x.payload).filter((_, i) => i > 3 && i % 2 == 1 && i < 3000);
for (let k = 0; k < 3; k++) {
  let c = process.cpuUsage();
  let s = 0;
  for (let i = 0; i < 300000; i++) s += fromBinary(RecordSchema, ps[i % ps.length]!).seq;
  let d = process.cpuUsage(c);
  console.log("fromBinary cpu", (d.user + d.system) / 300000);
  c = process.cpuUsage();
  for (let i = 0; i < 300000; i++) s += decodeRecord(ps[i % ps.length]!).seq;
  d = process.cpuUsage(c);
  console.log("decodeRecord cpu", (d.user + d.system) / 300000);
}
