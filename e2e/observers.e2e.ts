import { queryRuns } from "@salvo/controller/store/query.ts";
import { loadManifest } from "@salvo/controller/store/manifest.ts";
import { expect, test } from "vitest";
import { type Lab, quick, ranStudy, type RanStudy, startLab } from "./lab.ts";
import { expectAllThere } from "./measured.ts";

/** Long enough for a busy machine's fio to answer within. */
const interval = "500ms";
const threeSeconds = { ...quick, duration: "3s" };
const TICKS = 6;

/** Without a process for every question. */
async function query({ dataDir }: Lab, sql: string) {
  return (await queryRuns(dataDir, sql)).rows;
}

test("two participants and an observer run: the observer's cores and network are in the archive", async () => {
  await using lab = await startLab({ agents: [{}, {}, { id: "target", observer: "degrade" }] });
  const [run] = expectAllThere(await lab.runStudy({ interval, workloads: [threeSeconds] }));
  expect(run).toMatchObject({ participants: 2 });

  const { spec, streams, clockBefore, clockAfter, participants, agents } = await loadManifest(run!.archive);
  expect(spec?.agents.map(({ id, observer }) => ({ id, observer }))).toEqual([
    { id: "guest1", observer: 0 },
    { id: "guest2", observer: 0 },
    { id: "target", observer: 1 },
  ]);
  expect(participants.map(({ id }) => id)).toEqual(["guest1.disk1", "guest2.disk1"]);
  for (const known of [streams, clockBefore, clockAfter])
    expect(known.map(({ agent }) => agent)).toEqual(["guest1", "guest2", "target"]);
  expect(streams.find(({ agent }) => agent === "target")).toMatchObject({ firstSeq: 1, missing: 0 });
  expect(agents.map(({ id }) => id)).toContain("target");

  const all = Array.from({ length: TICKS }, (_, index) => index + 1);
  for (const table of ["cpu", "net"]) {
    const rows = await query(
      lab,
      `SELECT DISTINCT tick FROM ${table} WHERE agent = 'target' AND NOT gap AND t_ns > since_ns ORDER BY tick`,
    );
    expect(
      rows.map(({ tick }) => tick),
      table,
    ).toEqual(all);
  }
  // What it sampled is the host that fio was at work on.
  const [busy] = await query(lab, "SELECT sum(user_ms + system_ms)::INT AS ms FROM cpu WHERE agent = 'target'");
  expect(Number(busy?.["ms"])).toBeGreaterThan(0);
  expect(await query(lab, "SELECT count(*)::INT AS n FROM samples WHERE agent = 'target'")).toEqual([{ n: 0 }]);
  const [disks] = await query(lab, "SELECT count(*)::INT AS n FROM disk WHERE agent = 'target' AND participant <> ''");
  expect(disks).toEqual({ n: 0 });
  await lab.nothingLeft();
});

async function killObserver(lab: Lab): Promise<RanStudy> {
  const salvo = await lab.startStudy({ interval, workloads: [{ ...quick, duration: "9s" }] });
  await salvo.said(/tick [1-9]/);
  const observer = lab.agents.at(-1)!;
  await observer.kill("SIGKILL");
  await salvo.said(/collecting/);
  await observer.restart();
  const ended = ranStudy(await salvo.ended);
  expect(ended.runs, ended.stderr).toHaveLength(1);
  expect(await query(lab, "SELECT agent, max(tick)::INT AS last FROM samples GROUP BY agent ORDER BY agent")).toEqual([
    { agent: "guest1", last: 18 },
    { agent: "guest2", last: 18 },
  ]);
  await lab.nothingLeft();
  return ended;
}

test("an observer that is killed in mid-run under degrade: the participants run to their end, the run is degraded", async () => {
  await using lab = await startLab({ agents: [{}, {}, { id: "target", observer: "degrade" }] });
  const { runs, exitCode } = await killObserver(lab);
  expect(runs).toMatchObject([{ verdict: "degraded", reason: "observers were lost in mid-run: target" }]);
  expect(exitCode).toBe(3);
  const { notes, streams } = await loadManifest(runs[0]!.archive);
  expect(notes).toContainEqual(expect.stringMatching(/^the observer target was lost: /));
  // What it had measured by then was in its journal.
  expect(notes).toContainEqual(expect.stringMatching(/^samples of target end at tick [1-9]/));
  expect(streams.find(({ agent }) => agent === "target")).toMatchObject({ missing: 0 });
});

test("an observer that is killed in mid-run under note: the verdict is the participants' alone, and a note says so", async () => {
  await using lab = await startLab({ agents: [{}, {}, { id: "target", observer: "note" }] });
  const [run] = expectAllThere(await killObserver(lab));
  const { notes } = await loadManifest(run!.archive);
  expect(notes).toContainEqual(expect.stringMatching(/^the observer target was lost: /));
});
