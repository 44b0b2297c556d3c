import type { Manifest } from "@salvo/proto/run_pb.ts";
import { hostsOf } from "../hosts.ts";
import { html, type Html } from "../html.ts";
import type { NicTotals, ObservedDisk, ReportRun } from "../run.ts";
import { formatCount, formatPercent } from "../units.ts";
import { absent, renderTable } from "./table.ts";

const ROWS_MAX = 40;
const BYTES_PER_MIB = 2 ** 20;

/** What the disks of the observers' hosts did; undefined when none was busy. */
export function observedDiskTable({ observedDisks, manifest }: ReportRun): Html | undefined {
  const used = observedDisks.filter(({ ios }) => ios > 0);
  return mostUsed(`Disks of the observers, ${span(manifest)}`, used, observedDisks.length - used.length, {
    columns: [
      { title: "Agent" },
      { title: "Disk" },
      { title: "IOPS", figure: true, hint: "Reads and writes; of a volume that a target exports all commands" },
      { title: "Read MiB/s", figure: true },
      { title: "Written MiB/s", figure: true },
      { title: "Queue", figure: true, hint: "Mean number of requests in queue and device" },
      { title: "Busy", figure: true, hint: "Share of the time with at least one request" },
    ],
    use: ({ readBytes, writtenBytes }) => readBytes + writtenBytes,
    cells: (disk) => [
      html`${disk.agent}`,
      html`${disk.disk}`,
      rate(disk.ios, disk.seconds),
      rate(disk.readBytes / BYTES_PER_MIB, disk.seconds),
      rate(disk.writtenBytes / BYTES_PER_MIB, disk.seconds),
      ofTime(disk.queueMs, disk.seconds, (mean) => mean.toFixed(1)),
      ofTime(disk.busyMs, disk.seconds, (share) => formatPercent(Math.min(1, share))),
    ],
  });
}

/** What went over the network, once for each host; undefined when nothing did. */
export function nicTable(run: ReportRun): Html | undefined {
  const own = hostsOf(run.manifest).flatMap(({ name, agents }) => {
    // Agents of one host count the same interfaces.
    const whose = agents.find(({ id }) => run.nics.some(({ agent }) => agent === id))?.id;
    return run.nics.filter(({ agent }) => agent === whose).map((nic) => ({ ...nic, host: name }));
  });
  const used = own.filter(({ receivedBytes, sentBytes }) => receivedBytes + sentBytes > 0);
  return mostUsed(`Network interfaces, ${span(run.manifest)}`, used, own.length - used.length, {
    columns: [
      { title: "Host" },
      { title: "Interface" },
      { title: "In, MiB/s", figure: true },
      { title: "Out, MiB/s", figure: true },
      { title: "Drops", figure: true, hint: "Packets dropped, in and out" },
      { title: "Errors", figure: true, hint: "Damaged packets, in and out" },
    ],
    use: ({ receivedBytes, sentBytes }) => receivedBytes + sentBytes,
    cells: (nic) => [
      html`${nic.host}`,
      html`${nic.nic}`,
      rate(nic.receivedBytes / BYTES_PER_MIB, nic.seconds),
      rate(nic.sentBytes / BYTES_PER_MIB, nic.seconds),
      counted(nic.drops),
      counted(nic.errors),
    ],
  });
}

function span({ summary }: Manifest): string {
  return summary?.window ? "in the window" : "over the whole run";
}

interface Shown<Row> {
  readonly columns: Parameters<typeof renderTable>[1];
  readonly use: (row: Row) => number;
  readonly cells: (row: Row) => Html[];
}

/** In the order given, without those that did least when they are too many. */
function mostUsed<Row extends ObservedDisk | NicTotals>(
  caption: string,
  rows: readonly Row[],
  idle: number,
  { columns, use, cells }: Shown<Row>,
): Html | undefined {
  if (rows.length === 0) return undefined;
  const most = new Set([...rows].sort((a, b) => use(b) - use(a)).slice(0, ROWS_MAX));
  const left = [
    rows.length > ROWS_MAX && `${rows.length - ROWS_MAX} that did less are left out`,
    idle > 0 && `${idle} that did nothing ${idle === 1 ? "is" : "are"} left out`,
  ].filter((text) => text !== false);
  const shown = rows.filter((row) => most.has(row)).map(cells);
  return renderTable(left.length > 0 ? `${caption}; ${left.join(", ")}` : caption, columns, shown);
}

function rate(count: number, seconds: number): Html {
  return perSecond(count, seconds, formatCount);
}

/** The mean of what adds up to so many ms. */
function ofTime(ms: number | undefined, seconds: number, format: (value: number) => string): Html {
  return ms === undefined ? absent("The target does not count it.") : perSecond(ms / 1000, seconds, format);
}

function perSecond(count: number, seconds: number, format: (value: number) => string): Html {
  return seconds > 0 ? html`${format(count / seconds)}` : absent("No time was measured.");
}

function counted(count: number): Html {
  return count > 0 ? html`<strong class="fair">${formatCount(count)}</strong>` : html`0`;
}
