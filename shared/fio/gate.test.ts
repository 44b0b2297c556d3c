import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:fs";
import { type FileHandle, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { gateLine, PARKED_MARK } from "./gate.ts";

interface Parked {
  readonly jobs: ChildProcess[];
  readonly goFile: string;
  readonly gate: FileHandle;
  /** Exit codes, when all jobs have ended. */
  readonly ended: Promise<unknown[]>;
}

/** Shells that run the line as fio does, all of which have said that they are parked. */
async function park(count: number): Promise<Parked> {
  const folder = await mkdtemp(join(tmpdir(), "salvo-gate-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const paths = { ready: join(folder, "ready"), gate: join(folder, "gate"), go: join(folder, "go") };
  execFileSync("mkfifo", [paths.ready, paths.gate]);
  await using ready = await open(paths.ready, constants.O_RDWR);
  const gate = await open(paths.gate, constants.O_RDWR);
  onTestFinished(() => gate.close());

  const command = `${gateLine(paths)} > job.prerun.txt 2>&1`;
  const jobs = Array.from({ length: count }, () => spawn("sh", ["-c", command], { cwd: folder }));
  const ended = Promise.all(jobs.map(async (job) => (await once(job, "exit"))[0]));
  let said = "";
  while (said.length < count * PARKED_MARK.length)
    said += (await ready.read()).buffer.toString("utf8").replaceAll("\0", "");
  expect(said).toBe(PARKED_MARK.repeat(count));
  return { jobs, goFile: paths.go, gate, ended };
}

test("every job parks, and none goes on before the gate opens", async () => {
  const { jobs, gate, ended, goFile } = await park(3);
  await writeFile(goFile, "");
  expect(jobs.map((job) => job.exitCode)).toEqual([null, null, null]);
  await gate.close();
  expect(await ended).toEqual([0, 0, 0]);
});

test("when the agent goes away without meaning to go, every prerun fails", async () => {
  const { gate, ended } = await park(3);
  await gate.close();
  expect(await ended).toEqual([1, 1, 1]);
});

test("a line written into the gate opens it for nobody", async () => {
  const { gate, ended, goFile } = await park(1);
  await writeFile(goFile, "");
  await gate.write("go\n");
  expect(await ended).toEqual([1]);
});

test("fio sees the whole line, and nothing in it but what the shell is meant to do", () => {
  const line = gateLine({ ready: "/run/s/ready", gate: "/run/s/gate", go: "/run/s/go" });
  expect(line).toBe("exec 3</run/s/gate && echo . >/run/s/ready && ! read _ <&3 && [ -e /run/s/go ]");
});

test.for(["/with space", "/a;b", "/$(id)", "/a\nb", ""])("the path %j is a bug", (path) => {
  expect(() => gateLine({ ready: "/r", gate: path, go: "/g" })).toThrow("bug");
});
