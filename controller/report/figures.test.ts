import { expect, test } from "vitest";
import { exampleRun } from "./example.ts";
import { mergedHosts, hostsOf } from "./hosts.ts";
import { openElements } from "./markup.ts";
import { renderReport } from "./report.ts";
import type { ReportRun } from "./run.ts";

/** A small run, with something about it changed. */
function ran(shape: Parameters<typeof exampleRun>[0], change: (run: ReportRun) => void = () => {}): ReportRun {
  const run = exampleRun({ agents: 2, ticks: 5, cores: 1, ...shape });
  change(run);
  return run;
}

const text = (markup: string) => markup.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");
const summaryOf = (page: string) => text(/<section id="summary".*?<\/section>/s.exec(page)?.[0] ?? "");

test("runs of one name and two contents are never pooled, and are shown apart with what differs", () => {
  const deeper = (run: ReportRun) => (run.manifest.spec!.workload!.queueDepth = 32);
  const page = renderReport([ran({ repeat: 1, iops: 9000 }), ran({ repeat: 2, run: "r-2", iops: 13_000 }, deeper)]);
  const summary = summaryOf(page);
  expect(summary).not.toMatch(/\d together/);
  expect(summary).toContain("randrw-4k (queueDepth 16) in iscsi-tcp-1lun");
  expect(summary).toContain("randrw-4k (queueDepth 32) in iscsi-tcp-1lun");
  expect(openElements(page)).toEqual([]);
  const alike = summaryOf(renderReport([ran({ repeat: 1 }), ran({ repeat: 2, run: "r-2" })]));
  expect(alike).toContain("all 2 together");
  expect(alike).not.toContain("queueDepth");
});

test("two runs that are both repeat 1 are told apart by when they were", () => {
  const later = (run: ReportRun) => (run.manifest.t0WallNs += 3_600_000_000_000n);
  const summary = summaryOf(renderReport([ran({}), ran({ run: "r-2" }, later), ran({ run: "r-3", repeat: 2 })]));
  expect(summary).toContain("repeat 1, 2026-05-28 20:26:40 UTC");
  expect(summary).toContain("repeat 1, 2026-05-28 21:26:40 UTC");
  expect(summary).toMatch(/repeat 2 (?!,)/);
  expect(summaryOf(renderReport([ran({})]))).toMatch(/repeat 1 (?!,)/);
});

test("the start spread stands with the bound of the start itself, not with that of the clocks", () => {
  const page = renderReport([ran({}, ({ manifest }) => (manifest.summary!.startBoundUs = 21_040))]);
  expect(summaryOf(page)).toMatch(/820\sµs ± 21\.0\sms/);
  expect(text(page)).toMatch(/proven to ± 21\.0\sms; clocks to ± 59\.0\sµs/);
});

test("warnings stand at the head, each once, with the runs that they are about", () => {
  const warned = (run: ReportRun) => run.manifest.summary!.warnings.push("g1 was 97 % busy on all its cores");
  const page = renderReport([ran({}, warned), ran({ repeat: 2, run: "r-2" }, warned), ran({ repeat: 3, run: "r-3" })]);
  const head = summaryOf(page);
  expect(head.match(/g1 was 97 % busy/g)).toHaveLength(1);
  expect(head).toContain("randrw-4k in iscsi-tcp-1lun, repeat 1");
  expect(head).toContain("randrw-4k in iscsi-tcp-1lun, repeat 2");
  expect(head.indexOf("g1 was 97 %")).toBeLessThan(head.indexOf("Run and verdict"));
  expect(summaryOf(renderReport([ran({})]))).not.toContain("Warnings");
});

test("the longest latency is told, and a stall beside the figures that contain it", () => {
  const stalled = ({ manifest: { summary } }: ReportRun) => {
    summary!.totals!.latencyUs!.max = 3_120_562;
    summary!.totals!.stalledSeconds = 2.61;
  };
  const page = renderReport([ran({}, stalled)]);
  expect(summaryOf(page)).toMatch(/3\.12\ss stall of 2\.6\ss/);
  expect(text(page)).toContain("a stall of 2.6 s is inside the window");
  expect(summaryOf(renderReport([ran({})]))).not.toContain("stall of");
});

test("the page opens with the scenarios of a workload side by side", () => {
  const runs = [ran({ iops: 9000 }), ran({ run: "r-2", scenario: "iser", iops: 20_000 })];
  const page = renderReport(runs);
  expect(page.indexOf('id="answer"')).toBeLessThan(page.indexOf('id="summary"'));
  expect(text(page)).toMatch(/Too few repeats: iser has 2\.\d+ times .* the IOPS of iscsi-tcp-1lun/);
  expect(renderReport(runs.slice(0, 1))).not.toContain('id="answer"');
});

test("repeats of one scenario have their median and range at the top", () => {
  const page = text(renderReport([ran({ iops: 9000 }), ran({ run: "r-2", iops: 10_000 })]));
  expect(page).toMatch(/Medians of the repeats .* randrw-4k iscsi-tcp-1lun 2 [\d,]+ \[[\d,]+ to [\d,]+\]/);
});

test("a host is listed once, whichever of its agents took part in a run, and clones of it stay apart", () => {
  const all = exampleRun({ agents: 4 }).manifest;
  const rebooted = exampleRun({ agents: 2 }).manifest;
  for (const agent of rebooted.agents) agent.bootId = "boot-2";
  const hosts = mergedHosts([exampleRun({ agents: 1 }).manifest, all, rebooted].flatMap(hostsOf));
  expect(hosts.map(({ agents }) => agents.map(({ id }) => id))).toEqual([["g1", "g2", "g3", "g4"]]);
  const clones = exampleRun({ agents: 2, apart: true }).manifest;
  for (const agent of clones.agents) agent.host!.name = "debian";
  expect(mergedHosts([clones, clones].flatMap(hostsOf)).map(({ agents }) => agents.map(({ id }) => id))).toEqual([
    ["g1"],
    ["g2"],
  ]);
});

test("participants that share a disk are no other users of it", () => {
  const run = ran({}, ({ manifest }) => {
    for (const participant of manifest.participants) participant.disk = "sda";
  });
  // The one disk's counters are of what both did, whoever reads them.
  const both = run.disk.map((row) => {
    const own = run.disk.filter(({ tick }) => tick === row.tick);
    const sum = (of: (each: typeof row) => number) => own.reduce((total, each) => total + of(each), 0);
    return {
      ...row,
      readBytes: sum(({ readBytes }) => readBytes),
      writtenBytes: sum(({ writtenBytes }) => writtenBytes),
    };
  });
  const page = text(renderReport([{ ...run, disk: both }]));
  expect(page).not.toContain("another user");
  expect(page).toContain("agree shared with g2.disk, whose I/O is counted in");
  const more = both.map((row) => ({ ...row, readBytes: row.readBytes * 2 }));
  expect(text(renderReport([{ ...run, disk: more }]))).toContain("another user");
});
