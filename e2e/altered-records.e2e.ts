/** An agent whose journal was altered, as a hostile one would: the others' figures are as whole as ever. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Record, RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import { runFolder } from "@salvo/controller/store/layout.ts";
import { loadManifest } from "@salvo/controller/store/manifest.ts";
import { readJournal } from "@salvo/shared/journal/reader.ts";
import { openJournal } from "@salvo/shared/journal/writer.ts";
import { expect, test } from "vitest";
import { quick, ranStudy, startLab } from "./lab.ts";
import { expectAllThere } from "./measured.ts";
import { untilOpenRun } from "./open-run.ts";

test("altered records keep no run from being sealed: it is incomplete, names the agent, and the next run is complete", async () => {
  await using lab = await startLab({ agents: 2 });
  const cli = await lab.startStudy({ workloads: [{ ...quick, duration: "4s" }] });
  const { run } = await untilOpenRun(lab.dataDir, ({ state }) =>
    [...state.agents.values()].every(({ started }) => started),
  );
  cli.kill("SIGKILL"); // what comes after this is collected from the journals
  await cli.ended;
  const [honest, hostile] = lab.agents;
  for (const agent of lab.agents) await agent.reached("ENDED");
  await hostile!.kill("SIGTERM");
  await alterJournal(join(hostile!.dataDir, "runs", run, "journal"));
  await hostile!.restart();

  const resumed = ranStudy(await lab.salvo(["resume", "--lab", lab.labFile, "--data", lab.dataDir, "--json"]));
  expect(resumed.runs, resumed.stderr).toMatchObject([{ run }]);
  // A machine that is so busy that resuming comes late aborts what has ended meanwhile, which is told first.
  if (resumed.runs[0]!.verdict !== "aborted") {
    expect(resumed.runs[0]).toMatchObject({ verdict: "incomplete", reason: "records of guest2 are missing" });
    expect(resumed.exitCode).toBe(3);
  }
  const { notes, streams } = await loadManifest(runFolder(lab.dataDir, run));
  expect(
    notes
      .filter((note) => note.includes("left out"))
      .map((note) => note.replace(/^\d+ /, ""))
      .toSorted(),
  ).toEqual([
    expect.stringMatching(/^records of guest2 are left out: each has a latency bin that fio does not have/),
    expect.stringMatching(/^records of guest2 are left out: each names a tick that the run does not have/),
  ]);
  expect(streams.find(({ agent }) => agent === honest!.id)).toMatchObject({ missing: 0 });
  expect(streams.find(({ agent }) => agent === hostile!.id)?.missing).toBeGreaterThan(5);
  const rows = await lab.query(`SELECT count(*)::INT AS ticks FROM samples WHERE run = '${run}' AND agent = 'guest1'`);
  expect(rows).toEqual([{ ticks: 40 }]);

  expectAllThere(await lab.runStudy({ workloads: [quick] }));
  await lab.nothingLeft();
});

/** Its checksums fit: to the agent it is its own. */
async function alterJournal(path: string): Promise<void> {
  const records: Record[] = [];
  for await (const { payload } of readJournal(path)) records.push(fromBinary(RecordSchema, payload));
  await rm(path);
  await using journal = await openJournal(path);
  for (const record of records) {
    const { body } = record;
    if (body.case === "fio" && body.value.tick > 35) body.value.read!.latency!.bins[0] = 1_000_000;
    if (body.case === "cpu" && body.value.tick > 35) body.value.tick = 4_000_000_000;
    journal.append(toBinary(RecordSchema, record));
  }
}
