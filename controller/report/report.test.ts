import { create } from "@bufbuild/protobuf";
import { ManifestSchema } from "@salvo/proto/run_pb.ts";
import { expect, test } from "vitest";
import { abortedRun, exampleRun } from "./example.ts";
import { openElements } from "./markup.ts";
import { FULL_MAX, renderInTurn, renderReport } from "./report.ts";
import type { ReportRun } from "./run.ts";

const HOSTILE = `"><img src=x onerror=alert(1)>'{{a|b}}</title></style><script>alert(2)</script>&amp;`;

test("the page is whole: every element closes, every id is there once, every link leads somewhere", () => {
  const page = renderReport([exampleRun(), exampleRun({ repeat: 2, run: "r-2" }), abortedRun({ run: "r-3" })]);
  expect(openElements(page)).toEqual([]);
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, target] of page.matchAll(/(?:href="|url\()#([^")]+)/g)) expect(ids).toContain(target);
});

test("it names the study, the lab, the time, each run and each verdict", () => {
  const page = renderReport([exampleRun({ study: "iser-or-tcp" }), abortedRun({ run: "r-9" })]);
  for (const text of [
    "<h1>iser-or-tcp</h1>",
    "bench-rack-2",
    "2026-05-28 20:26:40 UTC",
    "r-9",
    "✓</span> complete",
    "■</span> aborted",
  ]) {
    expect(page).toContain(text);
  }
});

test("every chart says in words what it shows", () => {
  const charts = renderReport([exampleRun()]).match(/<svg class="(?:wide|narrow)"[^>]*>/g) ?? [];
  // Throughput, distribution, percentiles, CPU and starts, each in two widths.
  expect(charts.length).toBe(10);
  for (const chart of charts) expect(chart).toMatch(/role="img" aria-label="[^"]{20,}"/);
});

test("no name, whatever it holds, becomes markup", () => {
  const page = renderReport([hostile(exampleRun({ agents: 2 }))]);
  expect(page).not.toMatch(/<img|<script/);
  expect(page).not.toContain("</title></style>");
  expect(openElements(page)).toEqual([]);
  expect(page).toContain("&#60;script&#62;");
});

test("nothing is loaded and nothing can run", () => {
  const page = renderReport([exampleRun()]);
  expect(page).not.toMatch(/https?:|<script|<link|@import|@font-face|javascript:| on[a-z]+=/);
  for (const [, address] of page.matchAll(/(?:src|href)="([^"]*)"/g)) expect(address).toMatch(/^(#|data:image\/png;)/);
  expect(page).toContain("default-src 'none'");
});

test("a percentile that too few I/Os support is a dash that says why", () => {
  const run = exampleRun({ agents: 1, ticks: 5, iops: 100 });
  const page = renderReport([run]);
  expect(run.manifest.summary?.totals?.latencyUs?.p999).toBeUndefined();
  expect(page).toMatch(
    /<abbr class="absent" title="Fewer than 10 I\/Os lie beyond the 99.9th percentile[^"]*"\s*>–<\/abbr\s*>/,
  );
});

test("a run without a window renders what it has, and no totals", () => {
  const page = renderReport([abortedRun()]);
  expect(page).toContain("The run has no window, so it has no totals.");
  expect(page).toContain("as there is no window");
  expect(page).toContain("Did not start: g2.disk, g3.disk, g4.disk.");
});

test("a run that never fired, without any row, still renders", () => {
  const page = renderReport([
    { manifest: create(ManifestSchema), samples: [], cpu: [], disk: [], observedDisks: [], nics: [] },
  ]);
  expect(page).toContain("Nothing was measured in this run.");
  expect(page).toContain("Never fired");
  expect(openElements(page)).toEqual([]);
});

test("a report shows what observers saw: cores, disks in use, interfaces in use, and the clock of a host behind an agent", () => {
  const page = renderReport([exampleRun({ observed: true, agents: 2 })]);
  expect(page).toContain("CPU of san1, an observer");
  expect(page).toContain("CPU of hv1<");
  const table = (caption: string) => new RegExp(`aria-label="${caption}[^"]*".*?</table>`, "s").exec(page)?.[0] ?? "";
  const disks = table("Disks of the observers, in the window; 1 that did nothing is left out");
  expect(disks).toMatch(/nvme0n1.*18,000.*49\.2.*21\.1.*31\.4.*99\.1.%.*nvme1n1/s);
  expect(disks).toMatch(/lio:salvo-lun1.*35,460.*The target does not count it/s);
  expect(disks).not.toContain("sda");
  expect(table("Network interfaces")).toMatch(/san1.*ens1f0.*43\.9.*101.*3<.*ens1f1/s);
  expect(table("Hosts and versions")).toMatch(/target <small>0\.1\.0, target; observer</);
  expect(table("Clocks")).toMatch(/target, the host that it samples.*±.210.µs.*±.190.µs.*ppm.*128/s);
  const alone = renderReport([exampleRun({ agents: 2 })]);
  for (const caption of ["Disks of the observers", "Network interfaces", "an observer"])
    expect(alone).not.toContain(caption);
});

test("interfaces of a host that several agents count are in the table once", () => {
  const run = exampleRun({ agents: 2 });
  const nic = { nic: "eth0", seconds: 10, receivedBytes: 2 ** 30, sentBytes: 0, drops: 0, errors: 0 };
  const page = renderReport([
    {
      ...run,
      nics: [
        { ...nic, agent: "g1" },
        { ...nic, agent: "g2" },
      ],
    },
  ]);
  expect(page.match(/<td>eth0<\/td>/g)).toHaveLength(1);
});

test("what is missing and what disagrees stands out in words", () => {
  const run = exampleRun({ agents: 2 });
  run.manifest.streams[1]!.missing = 3;
  const disk = run.disk.map((row) => (row.agent === "g2" ? { ...row, readBytes: 0 } : row));
  const page = renderReport([{ ...run, disk }]);
  expect(page).toContain("3 missing");
  expect(page).toMatch(/device did [\d.]+.% less/);
  expect(page).toMatch(/>agree</);
});

test("repeats of a workload in a scenario stand together, with one line for all of them", () => {
  const page = renderReport([exampleRun({ repeat: 1 }), exampleRun({ scenario: "other" }), exampleRun({ repeat: 2 })]);
  expect(page.match(/class="group"/g)?.length).toBe(2);
  expect(page.match(/all 2 together/g)?.length).toBe(1);
});

test("runs that are not complete are not counted together with those that are, and the line says so", () => {
  const whole = [1000, 1200].map((iops, index) => exampleRun({ repeat: index + 1, iops, agents: 1 }));
  const lesser = ["degraded", "incomplete", "aborted", "invalid"].map((verdict, index) => {
    const run = exampleRun({ repeat: index + 3, iops: 9000, agents: 1, medianUs: 90_000 });
    run.manifest.summary!.verdict = verdict;
    return run;
  });
  const line = (page: string) => /<tr>\s*<th scope="row">[^<]* together<.*?<\/tr>/s.exec(page)?.[0];
  const alone = line(renderReport(whole));
  const among = line(renderReport([...whole, ...lesser]));
  expect(among).toContain("2 complete together");
  expect(among).toContain("4 not complete, left out");
  const figures = (row = "") => [...row.matchAll(/<td class="figure".*?<\/td>/gs)].map(([cell]) => cell);
  expect(figures(among)).toEqual(figures(alone));
  expect(figures(among)).toHaveLength(6);
  expect(line(renderReport([...whole.slice(1), ...lesser]))).toBeUndefined();
});

test("the same runs give the same bytes", () => {
  const runs = [exampleRun(), abortedRun()];
  expect(renderReport(runs)).toBe(renderReport(runs));
});

test("four long runs of four agents stay small enough to mail", () => {
  const long = exampleRun({ agents: 4, ticks: 2000, cores: 8, iops: 40 });
  expect(4 * renderReport([long]).length).toBeLessThan(3_000_000);
});

/** Many runs of one content, of which the page counts how many are loaded and not yet let go of. */
async function pageOf(count: number) {
  const manifests = Array.from({ length: count }, (_, n) => exampleRun({ run: `r-${n}`, repeat: n + 1 }).manifest);
  let [loaded, briefly] = [0, 0];
  const page = await renderInTurn(manifests, async (index, isBrief) => {
    loaded++;
    if (isBrief) briefly++;
    return exampleRun({ run: `r-${index}`, repeat: index + 1, agents: 1, ticks: 5 });
  });
  return { page, loaded, briefly };
}

test("a run is loaded when its turn comes, and the page is the one of all runs at once", async () => {
  const runs = [1, 2, 3].map((repeat) => exampleRun({ run: `r-${repeat}`, repeat, agents: 2 }));
  const order: number[] = [];
  const inTurn = await renderInTurn(
    runs.map(({ manifest }) => manifest),
    async (index) => {
      order.push(index);
      return runs[index]!;
    },
  );
  expect(inTurn).toBe(renderReport(runs));
  expect(order).toEqual([0, 1, 2]);
  expect(inTurn).toContain("all 3 together");
});

test("a page of very many runs has all figures of each, no charts, and the way to them", async () => {
  const count = FULL_MAX + 1;
  const { page, loaded, briefly } = await pageOf(count);
  expect([loaded, briefly]).toEqual([count, count]);
  expect(page.match(/<section class="run"/g)).toHaveLength(count);
  expect(page.match(/<dl class="key">/g)).toHaveLength(count);
  expect(page).not.toContain('<svg class="wide"');
  expect(page).toContain("<code>salvo report r-7</code>");
  expect(page).toContain(`all ${count} together`);
  expect(page.length / count).toBeLessThan(8_000);
  expect(openElements(page)).toEqual([]);
});

test("the more runs, the fewer points have their lines", () => {
  const long = (n: number) => exampleRun({ run: `r-${n}`, agents: 1, ticks: 2000, cores: 1, iops: 40 });
  const one = renderReport([long(0)]).length;
  const forty = renderReport(Array.from({ length: 40 }, (_, n) => long(n))).length;
  expect(forty / 40).toBeLessThan(0.7 * one);
});

function hostile(run: ReportRun): ReportRun {
  const rename = <Row extends { participant: string }>(row: Row): Row => ({
    ...row,
    participant: HOSTILE + row.participant,
  });
  const { manifest } = run;
  const { spec, summary } = manifest;
  for (const text of ["run", "study", "scenario"] as const) spec![text] = summary![text] = HOSTILE;
  spec!.lab = summary!.workload = summary!.verdict = summary!.reason = manifest.salvoVersion = HOSTILE;
  for (const participant of [...spec!.participants, ...manifest.participants])
    participant.id = HOSTILE + participant.id;
  for (const { host, fio } of manifest.agents) {
    host!.name =
      host!.os =
      host!.cpu =
      host!.kernel =
      host!.virtualization =
      host!.nodeVersion =
      fio!.version =
        HOSTILE;
  }
  for (const stream of manifest.streams) stream.sha256 = HOSTILE;
  manifest.notes.push(HOSTILE);
  return { ...run, samples: run.samples.map(rename), disk: run.disk.map(rename) };
}

test("the report says how closely percentiles are known", () => {
  expect(renderReport([exampleRun()])).toContain("at most 1/64 of their latency wide");
});
