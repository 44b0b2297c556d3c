/** What `salvo tail` prints of a live run, in each of its formats, adds up to what the archive has. */
import { sealedRuns } from "@salvo/controller/store/runs.ts";
import { expect, test, vi } from "vitest";
import { type Lab, quick, ranStudy, startLab } from "./lab.ts";
import { expectAllThere } from "./measured.ts";
import { untilOpenRun } from "./open-run.ts";
import type { TestProcess } from "./process.ts";

interface Figure {
  readonly participant: string;
  readonly tick: number;
  readonly ios: number;
  readonly bytes: number;
}

const FORMATS: Readonly<Record<"json" | "csv" | "influx", (stdout: string) => Figure[]>> = {
  json: (stdout) =>
    linesOf(stdout)
      .map((line) => JSON.parse(line))
      .filter(({ kind }) => kind === "fio")
      .map(({ participant, tick, read }) => ({ participant, tick, ios: read.ios, bytes: read.bytes })),
  csv: (stdout) => {
    const [head, ...rows] = linesOf(stdout).map((line) => line.split(","));
    const at = (row: string[], column: string) => row[head!.indexOf(column)]!;
    return rows
      .filter((row) => at(row, "kind") === "fio")
      .map((row) => ({
        participant: at(row, "participant"),
        tick: Number(at(row, "tick")),
        ios: Number(at(row, "read_ios")),
        bytes: Number(at(row, "read_bytes")),
      }));
  },
  influx: (stdout) =>
    linesOf(stdout).flatMap((line) => {
      const found =
        /^salvo_fio,.*participant=([^, ]+),op=read seq=\d+i,tick=(\d+)i,ios=(\d+)i,bytes=(\d+)i\S* \d{19}$/.exec(line);
      return found
        ? [{ participant: found[1]!, tick: Number(found[2]), ios: Number(found[3]), bytes: Number(found[4]) }]
        : [];
    }),
};

for (const [format, figuresIn] of Object.entries(FORMATS)) {
  test(`tail --format ${format} against a live run: its figures are the archive's, and Ctrl-C ends it`, async () => {
    await using lab = await startLab({ agents: 2 });
    // The second run keeps the server there until the first one's last record has been printed.
    const cli = await lab.startStudy({ workloads: [quick, { ...quick, name: "after", duration: "4s" }] });
    const { run } = await untilOpenRun(lab.dataDir, ({ state }) => state.phase === "running");
    const tail = startTail(lab, run, format);
    await vi.waitUntil(() => linesOf(tail.stdout).filter((line) => /finished/.test(line)).length === 2, {
      timeout: 60_000,
    });
    if (format === "json") await expectWhole(lab, run, linesOf(tail.stdout).length);
    tail.kill("SIGINT");
    const { stdout, stderr, exitCode } = await tail.ended;
    expect(exitCode, stderr).toBe(0);
    expectAllThere(ranStudy(await cli.ended), 2);
    const archived = await lab.query(
      `SELECT participant, tick, read_ios AS ios, read_bytes AS bytes FROM samples WHERE run = '${run}' ORDER BY ALL`,
    );
    expect(archived.length).toBeGreaterThan(10);
    expect(figuresIn(stdout).sort(byParticipantAndTick)).toEqual(
      archived.map(({ bytes, ...row }) => ({ ...row, bytes: Number(bytes) })),
    );
  });
}

test("tail waits for the first run of a data folder, and for a server that is gone; a sealed run is printed or refused", async () => {
  await using lab = await startLab({ agents: 1 });
  const first = lab.start(["tail", "--lab", lab.labFile, "--data", lab.dataDir, "--kind", "event"]);
  await first.said(/waiting for the first run of the data folder \S+ \(--data\)/);
  const [line] = expectAllThere(await lab.runStudy({}));
  await first.printed(/"event":"released"/);
  first.kill("SIGTERM");
  expect((await first.ended).exitCode).toBe(0);
  const run = line?.run ?? "";
  const sealed = await startTail(lab, run, "json").ended;
  expect(sealed).toMatchObject({ exitCode: 6, stdout: "" });
  expect(sealed.stderr).toContain(`run ${run} has ended, and there is no NATS server at nats://`);
  expect(sealed.stderr).toContain(`salvo report ${run}`);
  const unknown = await startTail(lab, "20260101-0000-001-x", "json").ended;
  expect(unknown).toMatchObject({ exitCode: 2, stdout: "" });
  expect(unknown.stderr).toMatch(/there is no run 20260101-0000-001-x. The newest are \d{8}-/);
  const tail = lab.start(["tail", "--lab", lab.labFile, "--data", lab.dataDir, "--kind", "event"]);
  await tail.said(/listening to nats:/);
  expectAllThere(await lab.runStudy({}));
  await tail.printed(/"event":"released"/);
  tail.kill("SIGTERM");
  expect((await tail.ended).exitCode).toBe(0);
});

/** Once the run is sealed, and while there is a server, its tail prints all of it and ends by itself. */
async function expectWhole(lab: Lab, run: string, lines: number): Promise<void> {
  await vi.waitUntil(async () => (await sealedRuns(lab.dataDir)).includes(run), { timeout: 30_000 });
  const { stdout, stderr, exitCode } = await startTail(lab, run, "json").ended;
  expect(exitCode, stderr).toBe(0);
  expect(linesOf(stdout).length).toBeGreaterThanOrEqual(lines);
}

function startTail(lab: Lab, run: string, format: string): TestProcess {
  return lab.start(["tail", "--lab", lab.labFile, "--data", lab.dataDir, "--run", run, "--format", format]);
}

function linesOf(text: string): string[] {
  return text.split("\n").filter(Boolean);
}

function byParticipantAndTick(a: Figure, b: Figure): number {
  return a.participant === b.participant ? a.tick - b.tick : a.participant < b.participant ? -1 : 1;
}
