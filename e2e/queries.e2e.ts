/** Commands that only look: what they print, and how they end. */
import { existsSync, readFileSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, quick, type RunLine, startLab } from "./lab.ts";
import { expectAllThere, samplesOf } from "./measured.ts";

let lab: Lab;
let lines: readonly RunLine[];
beforeAll(async () => {
  lab = await startLab({ agents: 2 });
  const study = { workloads: [quick, { ...quick, name: "other", pattern: "randwrite" }] };
  lines = expectAllThere(await lab.runStudy(study), 2);
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

const data = () => ["--data", lab.dataDir];
const nowhere = () => ["--data", join(lab.folder, "nowhere")];

test("runs lists every run, newest last, as a table and as the lines that run --json printed", async () => {
  const json = await lab.salvo(["runs", ...data(), "--json"]);
  expect(json.exitCode).toBe(0);
  expect(
    json.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual(lines);
  const table = await lab.salvo(["runs", ...data()]);
  expect(table.exitCode).toBe(0);
  for (const { run } of lines) expect(table.stdout).toMatch(new RegExp(`^${run} +local/`, "m"));
});

test("runs --sql asks all runs at once", async () => {
  const counts = await lab.query(
    "SELECT run, count(*)::INT AS n, count(DISTINCT participant)::INT AS p FROM samples GROUP BY run ORDER BY run",
  );
  expect(counts).toEqual(lines.map(({ run }) => ({ run, n: 20, p: 2 })));
  const [{ samples }] = (await lab.query(
    "SELECT sum(samples_received + samples_backfilled)::INT AS samples FROM runs",
  )) as [{ samples: number }];
  expect(samples).toBe(lines.reduce((sum, line) => sum + samplesOf(line).expected, 0));
  const table = await lab.salvo(["runs", ...data(), "--sql", "SELECT DISTINCT workload FROM runs ORDER BY 1"]);
  expect(table).toMatchObject({ exitCode: 0, stdout: "workload\n--------\nother\nquick\n" });
});

test("runs --sql that is wrong, or no question, is refused", async () => {
  const wrong = await lab.salvo(["runs", ...data(), "--json", "--sql", "SELECT nothing FROM runs"]);
  expect(wrong).toMatchObject({ exitCode: 2, stdout: "" });
  expect(wrong.stderr).toContain("nothing");
  const write = await lab.salvo(["runs", ...data(), "--json", "--sql", `COPY runs TO '${lab.folder}/stolen.csv'`]);
  expect(write).toMatchObject({ exitCode: 6, stdout: "" });
  expect(write.stderr).toContain("only a single SELECT");
  expect(existsSync(join(lab.folder, "stolen.csv"))).toBe(false);
});

test("report makes one file of one run, of several and of all", async () => {
  const out = join(lab.folder, "report.html");
  const [first, second] = lines;
  for (const [args, named, unnamed] of [
    [[first!.run], [first], [second]],
    [[first!.run, second!.run], [first, second], []],
    [["*"], [first, second], []],
  ] as const) {
    const { stdout, exitCode } = await lab.salvo(["report", ...args, ...data(), "--out", out]);
    expect([exitCode, stdout]).toEqual([0, `${out}\n`]);
    const html = readFileSync(out, "utf8");
    for (const line of named) expect(html).toContain(line!.run);
    for (const line of unnamed) expect(html).not.toContain(line!.run);
  }
});

test("compare says that single runs are too few, and a gate on them cannot tell", async () => {
  const [{ run }] = lines as [RunLine];
  const compared = await lab.salvo(["compare", run, run, ...data(), "--format", "json"]);
  expect(compared).toMatchObject({ exitCode: 0, stderr: "" });
  const [workload] = JSON.parse(compared.stdout).workloads;
  expect(workload).toMatchObject({ title: "local/quick", base: { runs: [run] } });
  expect(workload.compared[0].differences[0]).toMatchObject({ measure: "iops", outcome: "too-few-repeats" });
  expect((await lab.salvo(["compare", run, run, ...data(), "--max-loss", "5%"])).exitCode).toBe(8);
  expect((await lab.salvo(["compare", run, "nothing", ...data()])).exitCode).toBe(2);
});

test("report of what is not there, ambiguous, or not to be written", async () => {
  const missing = await lab.salvo(["report", "1999", ...data()]);
  expect(missing).toMatchObject({ exitCode: 2, stdout: "" });
  expect(missing.stderr).toContain("there is no run 1999");
  expect(missing.stderr).toContain(`The newest are ${lines[1]!.run}, ${lines[0]!.run}`);
  const ambiguous = await lab.salvo(["report", lines[0]!.run.slice(0, 4), ...data()]);
  expect(ambiguous).toMatchObject({ exitCode: 2, stdout: "" });
  for (const { run } of lines) expect(ambiguous.stderr).toContain(run);
  const unwritable = await lab.salvo(["report", "*", ...data(), "--out", "/proc/report.html"]);
  expect(unwritable).toMatchObject({ exitCode: 6, stdout: "" });
  expect(unwritable.stderr).toContain("/proc/report.html");
  expect(unwritable.stderr).toContain("--out");
});

test("a data folder that is not there: no runs, nothing is made, and report says what to do", async () => {
  const runs = await lab.salvo(["runs", ...nowhere(), "--json"]);
  expect(runs).toMatchObject({ exitCode: 0, stdout: "" });
  expect((await lab.salvo(["runs", ...nowhere()])).stderr).toContain("no runs");
  expect(
    await lab.salvo(["runs", ...nowhere(), "--json", "--sql", "SELECT count(*)::INT AS n FROM samples"]),
  ).toMatchObject({
    exitCode: 0,
    stdout: '{"n":0}\n',
  });
  const report = await lab.salvo(["report", "*", ...nowhere()]);
  expect(report).toMatchObject({ exitCode: 6, stdout: "" });
  expect(report.stderr).toContain("salvo run");
  expect(existsSync(join(lab.folder, "nowhere"))).toBe(false);
});

test("resume when nothing was left open says so", async () => {
  const resumed = await lab.salvo(["resume", "--lab", lab.labFile, ...data(), "--json"]);
  expect(resumed).toMatchObject({ exitCode: 0, stdout: "" });
  expect(resumed.stderr).toContain("nothing was left open");
});

test("agents and doctor tell how every agent is, also of one that is down", async () => {
  const healthy = await lab.salvo(["agents", "--lab", lab.labFile, "--json"]);
  expect(healthy.exitCode).toBe(0);
  const agents = healthy.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(agents).toMatchObject(
    lab.agents.map(({ id, address }) => ({ id, address, reachable: true, problem: null, runs: [] })),
  );
  expect(agents[0].agent.fio.version).toMatch(/^fio-3/);
  const doctor = await lab.salvo(["doctor", "--lab", lab.labFile, ...data(), "--json"]);
  const findings = doctor.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(findings.map(({ check }) => check)).toEqual(
    expect.arrayContaining(["fio", "nats-server", "data folder", "agent guest1", "agent guest2"]),
  );
  expect(findings.filter(({ check }) => check.startsWith("agent ")).map(({ state }) => state)).toEqual(["ok", "ok"]);
  expect(doctor.exitCode, doctor.stdout).toBe(0);

  await lab.agents[1]!.kill();
  const down = await lab.salvo(["agents", "--lab", lab.labFile, "--json"]);
  expect(down.exitCode).toBe(6);
  expect(
    down.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toMatchObject([
    { id: "guest1", reachable: true },
    { id: "guest2", reachable: false, problem: expect.stringContaining(lab.agents[1]!.address), agent: null },
  ]);
  const table = await lab.salvo(["agents", "--lab", lab.labFile]);
  expect(table.stdout).toMatch(/^guest1 .* ready /m);
  expect(table.exitCode).toBe(6);
  const worried = await lab.salvo(["doctor", "--lab", lab.labFile, ...data()]);
  expect(worried.stdout).toMatch(/^PROBLEM +agent guest2: /m);
  expect(worried.exitCode).toBe(6);
  await lab.agents[1]!.restart();
});

test("an archive that somebody has changed is not reported on", async () => {
  const folder = lines[1]!.archive;
  await appendFile(join(folder, "events.jsonl"), "{}\n");
  const report = await lab.salvo(["report", lines[1]!.run, ...data()]);
  expect(report).toMatchObject({ exitCode: 6, stdout: "" });
  expect(report.stderr).toContain(join(folder, "events.jsonl"));
});
