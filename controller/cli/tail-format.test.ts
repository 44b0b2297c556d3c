import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { EventKind, Outcome, RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { TailRecord } from "./tail-figures.ts";
import { tailHeader, tailLines } from "./tail-format.ts";

/** 7456 ns and 22656 ns in fio's layout. */
const latency = { bins: [500, 600], counts: [900, 600] };
const fio = {
  participant: "guest1.disk0",
  tick: 3,
  runtimeMs: 3000,
  read: { ios: 1500, bytes: 6_144_000n, latency },
  write: { ios: 5, bytes: 20_480n, latency: { bins: [500], counts: [5] } },
};
const nics = [
  { name: "eth0", receivedBytes: 1000n, sentBytes: 20n, drops: 1n },
  { name: "eth1", receivedBytes: 500n, sentBytes: 10n },
];
const core = { userMs: 200, systemMs: 100, irqMs: 10, softirqMs: 40, stealMs: 50, idleMs: 500, iowaitMs: 100 };

test("a fio sample as JSON has percentiles where its I/Os suffice and the time of day", () => {
  expect(json({ case: "fio", value: fio })).toEqual({
    time: "2026-11-22T20:00:00.123006Z",
    run: "run1",
    agent: "guest1",
    seq: 7,
    kind: "fio",
    participant: "guest1.disk0",
    tick: 3,
    runtimeMs: 3000,
    stalled: false,
    read: { ios: 1500, bytes: 6144000, p50Us: 7.456, p99Us: 22.656 },
    write: { ios: 5, bytes: 20480 },
  });
});

test("a CPU sample as JSON says how busy each core was: stolen time counts, waiting for I/O does not", () => {
  const idle = { idleMs: 1000 };
  expect(json({ case: "cpu", value: { tick: 3, cores: [core, idle] } })).toMatchObject({
    busyPercent: 20,
    cores: [{ busyPercent: 40, stealMs: 50 }, { busyPercent: 0 }],
  });
});

test("all other records as JSON name what they say, and 64-bit times keep every digit", () => {
  expect(json({ case: "event", value: { kind: EventKind.EXITED, text: "exit code 1" } })).toMatchObject({
    event: "exited",
    text: "exit code 1",
  });
  const start = { participant: "p", releasedAtNs: 1n, earliestNs: 9_007_199_254_740_993n, latestNs: 3n };
  expect(json({ case: "start", value: start })).toMatchObject({ kind: "start", earliestNs: "9007199254740993" });
  expect(json({ case: "final", value: { participant: "p", exitCode: 1, json: "{}" } })).not.toHaveProperty("json");
  expect(json({ case: "end", value: { outcome: Outcome.FINISHED } })).toMatchObject({ outcome: "finished" });
  expect(json({ case: "disk", value: { participant: "p", reads: 4, inFlight: 9 } })).toMatchObject({
    read: { ios: 4, bytes: 0 },
    inFlight: 9,
  });
  expect(json({ case: "net", value: { tick: 3, nics } })).toMatchObject({
    kind: "net",
    nics: [{ name: "eth0", receivedBytes: 1000, sentBytes: 20, drops: 1 }, { name: "eth1" }],
  });
  const hostClock = { offsetNs: 9_007_199_254_740_993n, boundNs: 40n };
  expect(json({ case: "hostClock", value: hostClock })).toMatchObject({
    kind: "host-clock",
    offsetNs: "9007199254740993",
    boundNs: "40",
  });
  expect(tailLines("json", tail({ case: undefined }))).toEqual([]);
});

test("CSV has one set of columns for all kinds", () => {
  expect(tailHeader("csv")).toBe(
    "time,run,agent,seq,kind,participant,tick,read_ios,read_bytes,read_p50_us,read_p99_us,write_ios,write_bytes," +
      "write_p50_us,write_p99_us,cpu_busy_percent,disk_in_flight,disk_busy_ms,text,disk,disk_queue_ms,net_received_bytes,net_sent_bytes,disk_commands",
  );
  const prefix = "2026-11-22T20:00:00.123006Z,run1,guest1,7";
  expect(csv({ case: "fio", value: { ...fio, stalled: true } })).toBe(
    `${prefix},fio,guest1.disk0,3,1500,6144000,7.456,22.656,5,20480,,,,,,stalled,,,,,`,
  );
  expect(csv({ case: "cpu", value: { tick: 3, cores: [core] } })).toBe(`${prefix},cpu,,3,,,,,,,,,40,,,,,,,,`);
  const disk = { participant: "p", disk: "sda", tick: 3, reads: 4, inFlight: 9, busyMs: 1000, queueMs: 9000n };
  expect(csv({ case: "disk", value: disk })).toBe(`${prefix},disk,p,3,4,0,,,0,0,,,,9,1000,,sda,9000,,,`);
  expect(csv({ case: "net", value: { tick: 3, nics } })).toBe(`${prefix},net,,3,,,,,,,,,,,,,,,1500,30,`);
  expect(csv({ case: "event", value: { kind: EventKind.WARNING, text: 'a "b",\nc' } })).toBe(
    `${prefix},event,,,,,,,,,,,,,,"warning: a ""b"",\nc",,,,,`,
  );
  expect(csv({ case: "end", value: { outcome: Outcome.ABORTED, reason: "Ctrl-C" } })).toMatch(/,aborted: Ctrl-C,,,,,$/);
});

test("a target's volume has the counts that LIO has, and no 0 in the place of the others", () => {
  const volume = { disk: "lio:lun1", tick: 3, commands: 40, readBytes: 2_097_152n };
  expect(csv({ case: "disk", value: volume })).toMatch(/7,disk,,3,,2097152,,,,0,,,,,,,lio:lun1,,,,40$/);
  expect(tailLines("influx", tail({ case: "disk", value: volume }))).toEqual([
    "salvo_volume,run=run1,agent=guest1,volume=lio:lun1 " +
      "seq=7i,tick=3i,commands=40i,read_bytes=2097152i,written_bytes=0i 1795377600123006789",
  ]);
});

test("a gap has no counts in any format: 0 would be one", () => {
  const gap = { tick: 3, gap: true };
  for (const kind of ["cpu", "disk", "net"] as const) {
    expect(csv({ case: kind, value: gap })).toMatch(new RegExp(`7,${kind},,3,,,,,,,,,,,,gap,,,,,$`));
    expect(json({ case: kind, value: gap })).toMatchObject({ kind, gap: true });
    expect(tailLines("influx", tail({ case: kind, value: gap }))).toEqual([]);
  }
});

test("line protocol has a line for each direction, core, network interface or event", () => {
  expect(tailLines("influx", tail({ case: "net", value: { tick: 3, nics } }))[0]).toBe(
    "salvo_net,run=run1,agent=guest1,nic=eth0 seq=7i,tick=3i,received_bytes=1000i,sent_bytes=20i," +
      "received_packets=0i,sent_packets=0i,drops=1i,errors=0i 1795377600123006789",
  );
  expect(tailLines("influx", tail({ case: "disk", value: { disk: "sda", tick: 3, queueMs: 9n } }))[0]).toBe(
    "salvo_disk,run=run1,agent=guest1,disk=sda,op=read " +
      "seq=7i,tick=3i,ios=0i,bytes=0i,in_flight=0i,busy_ms=0i,queue_ms=9i 1795377600123006789",
  );
  expect(tailLines("influx", tail({ case: "fio", value: fio }))).toEqual([
    "salvo_fio,run=run1,agent=guest1,participant=guest1.disk0,op=read " +
      "seq=7i,tick=3i,ios=1500i,bytes=6144000i,p50_us=7.456,p99_us=22.656 1795377600123006789",
    "salvo_fio,run=run1,agent=guest1,participant=guest1.disk0,op=write " +
      "seq=7i,tick=3i,ios=5i,bytes=20480i 1795377600123006789",
  ]);
  expect(tailLines("influx", tail({ case: "cpu", value: { tick: 3, cores: [core, core] } }))[1]).toBe(
    "salvo_cpu,run=run1,agent=guest1,core=1 seq=7i,tick=3i,busy_percent=40," +
      "user_ms=200i,system_ms=100i,irq_ms=10i,softirq_ms=40i,steal_ms=50i 1795377600123006789",
  );
  expect(tailLines("influx", tail({ case: "end", value: { outcome: Outcome.FAILED, reason: 'x"y\\z\nw' } }))).toEqual([
    'salvo_event,run=run1,agent=guest1,kind=end seq=7i,text="failed: x\\"y\\\\z w" 1795377600123006789',
  ]);
});

test("line protocol cannot say a backslash at the end of a tag, so it is left out", () => {
  const event = { kind: EventKind.ARMED, participant: "a\\" };
  expect(tailLines("influx", tail({ case: "event", value: event }))[0]).toContain(",participant=a seq=7i,");
});

test("whatever a participant is called or a text says, a line of line protocol can be read back", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(text, text, (participant, said) => {
      const event = { kind: EventKind.WARNING, participant, text: said };
      const [line = "", ...more] = tailLines("influx", tail({ case: "event", value: event }));
      expect(more).toEqual([]);
      // Tags: no bare comma, blank or equals sign; text: no bare quote; no line break anywhere.
      const tag = String.raw`(?:\\[,= ]|\\(?![,= ])|[^,= \r\n\\])+`;
      const shape = String.raw`^salvo_event(?:,\w+=${tag}(?<!\\))+ seq=7i,text="(?:\\["\\]|[^"\\\r\n])*" \d+$`;
      expect(line).toMatch(new RegExp(shape));
    }),
  );
});

function tail(body: NonNullable<MessageInitShape<typeof RecordSchema>["body"]>): TailRecord {
  const record = create(RecordSchema, { seq: 7, body });
  return { run: "run1", agent: "guest1", wallNs: 1_795_377_600_123_006_789n, record };
}

function json(body: Parameters<typeof tail>[0]): unknown {
  const lines = tailLines("json", tail(body));
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0]!);
}

function csv(body: Parameters<typeof tail>[0]): string | undefined {
  return tailLines("csv", tail(body))[0];
}
