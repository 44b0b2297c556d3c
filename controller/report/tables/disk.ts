import { list } from "../../analysis/sentences.ts";
import { COUNTS_TOLERANCE, type DiskUser, type SharedDisk, sharedDisks } from "../../analysis/shared-disks.ts";
import { html, type Html } from "../html.ts";
import type { DiskRow, ReportRun, SampleRow } from "../run.ts";
import { formatBytes, formatPercent } from "../units.ts";
import { absent, renderTable } from "./table.ts";

/** The operating system's own count of bytes beside fio's, over all ticks that both have. */
export function diskTable({ samples, disk, manifest }: ReportRun): Html {
  const samplesOf = Map.groupBy(samples, ({ participant }) => participant);
  const disksOf = Map.groupBy(disk, ({ participant }) => participant);
  const names = new Map(manifest.participants.map(({ id, disk }) => [id, disk]));
  const participants = manifest.spec?.participants ?? [];
  const users = participants.map(({ id, agent, device }) => ({
    participant: id,
    agent,
    device,
    disk: names.get(id) ?? "",
    ...bytesOf(samplesOf.get(id) ?? [], disksOf.get(id) ?? []),
  }));
  const shared = sharedDisks(users, manifest.agents);
  const rows = users.map((user) =>
    diskRow(
      user,
      disksOf.get(user.participant) ?? [],
      shared.find(({ users }) => users.includes(user)),
    ),
  );
  return renderTable(
    "The devices' own counters against fio",
    [
      { title: "Participant" },
      { title: "fio", figure: true, hint: "Bytes that fio read and wrote" },
      { title: "Device", figure: true, hint: "Bytes that the operating system counted at the block device" },
      { title: "Busy", figure: true, hint: "Share of the time with at least one I/O in flight" },
      { title: "In flight", figure: true, hint: "Mean over the ticks" },
      { title: "Finding" },
    ],
    rows,
  );
}

/** Of all ticks that both have. */
function bytesOf(samples: readonly SampleRow[], disk: readonly DiskRow[]) {
  const ticks = new Set(disk.map(({ tick }) => tick));
  const both = samples.filter(({ tick }) => ticks.has(tick) || disk.length === 0);
  return {
    fioBytes: sum(both.map(({ read, write }) => read.bytes + write.bytes)),
    diskBytes: disk.length === 0 ? undefined : sum(disk.map(({ readBytes, writtenBytes }) => readBytes + writtenBytes)),
  };
}

function diskRow(user: DiskUser, disk: readonly DiskRow[], shared: SharedDisk | undefined): Html[] {
  const { participant: id, fioBytes, diskBytes } = user;
  if (diskBytes === undefined) {
    const none = absent("Not on a block device of its own.");
    return [html`${id}`, html`${formatBytes(fioBytes)}`, none, none, none, html`no counters: not a block device`];
  }
  const spanMs = spanOf(disk);
  return [
    html`${id}`,
    html`${formatBytes(fioBytes)}`,
    html`${formatBytes(diskBytes)}`,
    spanMs > 0
      ? html`${formatPercent(Math.min(1, sum(disk.slice(1).map(({ busyMs }) => busyMs)) / spanMs))}`
      : absent("One sample is no span of time."),
    html`${(sum(disk.map(({ inFlight }) => inFlight)) / disk.length).toFixed(1)}`,
    html`${finding(shared?.fioBytes ?? fioBytes, diskBytes)}${shared && sharing(user, shared)}`,
  ];
}

/** The device's counters are of all that it did: they are compared with what all participants on it asked for. */
function sharing(user: DiskUser, { users }: SharedDisk): Html | undefined {
  const others = users.filter((each) => each !== user).map(({ participant }) => participant);
  return others.length === 0 ? undefined : html` <small>shared with ${list(others)}, whose I/O is counted in</small>`;
}

/** Less than fio means that something before the device answered, more that somebody else used it. */
function finding(fioBytes: number, diskBytes: number): Html {
  const apart = fioBytes === 0 ? (diskBytes === 0 ? 0 : 1) : diskBytes / fioBytes - 1;
  if (Math.abs(apart) <= COUNTS_TOLERANCE) return html`<span class="good">agree</span>`;
  const by = fioBytes === 0 ? formatBytes(diskBytes) : formatPercent(Math.abs(apart));
  return apart < 0
    ? html`<strong class="fair">device did ${by} less</strong>: a page cache, or a layer that answers for it`
    : html`<strong class="fair">device did ${by} more</strong>: another user, or a layer that writes more than it is
        given`;
}

function spanOf(disk: readonly DiskRow[]): number {
  const times = disk.map(({ tNs }) => tNs).sort((a, b) => (a < b ? -1 : 1));
  const [first, last] = [times[0], times.at(-1)];
  return first === undefined || last === undefined ? 0 : Number(last - first) / 1e6;
}

function sum(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
