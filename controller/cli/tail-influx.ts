import { unreachable } from "@salvo/shared/kernel/assert.ts";
import { type Figures, isVolume, type TailRecord, textOf } from "./tail-figures.ts";

type Point = readonly [measurement: string, tags: { readonly [tag: string]: string }, fields: readonly string[]];

/**
 * InfluxDB line protocol, times in nanoseconds: a line for each direction of I/O, core, or event.
 * Escaping as in https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
 */
export function influxLines({ run, agent, wallNs, record }: TailRecord, figures: Figures): string[] {
  return pointsOf(figures).map(([measurement, tags, fields]) => {
    const all = Object.entries({ run, agent, ...tags }).filter(([, value]) => value !== "");
    const tagged = [measurement, ...all.map(([tag, value]) => `${tag}=${influxTag(value)}`)].join(",");
    return `${tagged} ${[`seq=${record.seq}i`, ...fields].join(",")} ${wallNs}`;
  });
}

function pointsOf(figures: Figures): Point[] {
  if ("gap" in figures && figures.gap) return []; // no counts, and 0 would be one
  if (figures.kind === "disk" && isVolume(figures)) return [volumePoint(figures)];
  switch (figures.kind) {
    case "fio":
    case "disk": {
      const { kind, participant, tick } = figures;
      const tags = kind === "disk" ? { participant, disk: figures.disk } : { participant };
      const more = kind === "disk" ? diskFields(figures) : [];
      return (["read", "write"] as const).map((op): Point => {
        const { ios, bytes, p50Us, p99Us } = figures[op];
        const latency = [p50Us !== undefined && `p50_us=${p50Us}`, p99Us !== undefined && `p99_us=${p99Us}`];
        const fields = [
          `tick=${tick}i`,
          `ios=${ios}i`,
          `bytes=${bytes}i`,
          ...latency.filter((field) => field !== false),
        ];
        return [`salvo_${kind}`, { ...tags, op }, [...fields, ...more]];
      });
    }
    case "cpu":
      return figures.cores.map((core, number): Point => {
        const times = [`user_ms=${core.userMs}i`, `system_ms=${core.systemMs}i`, `irq_ms=${core.irqMs}i`];
        const fields = [...times, `softirq_ms=${core.softirqMs}i`, `steal_ms=${core.stealMs}i`];
        const busy = `busy_percent=${core.busyPercent}`;
        return ["salvo_cpu", { core: String(number) }, [`tick=${figures.tick}i`, busy, ...fields]];
      });
    case "net":
      return figures.nics.map((nic): Point => {
        const bytes = [`received_bytes=${nic.receivedBytes}i`, `sent_bytes=${nic.sentBytes}i`];
        const packets = [`received_packets=${nic.receivedPackets}i`, `sent_packets=${nic.sentPackets}i`];
        const lost = [`drops=${nic.drops}i`, `errors=${nic.errors}i`];
        return ["salvo_net", { nic: nic.name }, [`tick=${figures.tick}i`, ...bytes, ...packets, ...lost]];
      });
    case "host-clock":
    case "event":
    case "start":
    case "final":
    case "end": {
      const participant = "participant" in figures ? figures.participant : "";
      return [["salvo_event", { kind: figures.kind, participant }, [`text=${influxText(textOf(figures))}`]]];
    }
    default:
      return unreachable(figures);
  }
}

function volumePoint({ disk, tick, commands, read, write }: Figures & { readonly kind: "disk" }): Point {
  const bytes = [`read_bytes=${read.bytes}i`, `written_bytes=${write.bytes}i`];
  return ["salvo_volume", { volume: disk }, [`tick=${tick}i`, `commands=${commands}i`, ...bytes]];
}

function diskFields({ inFlight, busyMs, queueMs }: Figures & { readonly kind: "disk" }): string[] {
  return [`in_flight=${inFlight}i`, `busy_ms=${busyMs}i`, `queue_ms=${queueMs}i`];
}

/** A line is ended by a line break wherever it stands, and a backslash at the end would escape what comes after it. */
function influxTag(text: string): string {
  return text
    .replace(/[\r\n]+/g, " ")
    .replace(/[,= ]/g, (special) => `\\${special}`)
    .replace(/\\+$/, "");
}

function influxText(text: string): string {
  return `"${text.replace(/[\r\n]+/g, " ").replace(/["\\]/g, (special) => `\\${special}`)}"`;
}
