/** The controller's data folder is on a file system of its own, which gets full. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { openRunFolder, runFolder, runsFolder } from "@salvo/controller/store/layout.ts";
import { readManifest } from "@salvo/controller/store/runs.ts";
import { expect, test } from "vitest";
import { type Lab, quick, type RanStudy, ranStudy, startLab } from "./lab.ts";
import { expectAllThere } from "./measured.ts";
import { lookAtOpenRun, untilOpenRun } from "./open-run.ts";

const SIZE = 16 * 2 ** 20;
const MID_RUN = { workloads: [{ ...quick, duration: "3s" }] };
const TRIES = 5;
/** Only root can mount. */
const asRoot = test.runIf(process.getuid?.() === 0);

asRoot("full from the start: an error with file and remedy, nothing was armed, and it works with space", async () => {
  await using lab = await startLab({ agents: 2 });
  await using disk = mountSmall(lab.dataDir);
  await disk.fill();
  const refused = await lab.runStudy({});
  expectFull(refused, lab);
  expect(refused.runs).toEqual([]);
  for (const agent of lab.agents) expect(await agent.runs()).toEqual([]);
  await disk.free();
  expectAllThere(await lab.runStudy({}));
  await lab.nothingLeft();
});

asRoot(
  "full in mid-run: no half archive, the agents keep what they have, and resume seals the run complete",
  async () => {
    await using lab = await startLab({ agents: 2 });
    await using disk = mountSmall(lab.dataDir);
    const cli = await lab.startStudy(MID_RUN);
    const { run } = await untilOpenRun(lab.dataDir, ({ state }) =>
      [...state.agents.values()].every(({ started }) => started),
    );
    await disk.fill();
    await expectLeftOpen(ranStudy(await cli.ended), lab, run);
    await disk.free();
    expectAllThere(await resume(lab));
    await readManifest(lab.dataDir, run);
    await lab.nothingLeft();
  },
);

asRoot("full while the run is sealed: no half archive, and resume seals the run complete", async () => {
  await using lab = await startLab({ agents: 2 });
  await using disk = mountSmall(lab.dataDir);
  const run = await fullWhenSealing(lab, disk);
  await disk.free();
  expectAllThere(await resume(lab));
  await readManifest(lab.dataDir, run);
  await lab.nothingLeft();
});

/** Sealing takes a fraction of a second: when it was quicker than the filler, another run is tried. */
async function fullWhenSealing(lab: Lab, disk: SmallDisk): Promise<string> {
  for (let tries = 1; tries <= TRIES; tries++) {
    const cli = await lab.startStudy({ workloads: [quick] });
    const { run } = await untilOpenRun(lab.dataDir, ({ state }) => state.phase === "sealing");
    await disk.fill();
    const ended = ranStudy(await cli.ended);
    if (ended.exitCode === 6) {
      expect((await lookAtOpenRun(lab.dataDir))?.state.phase).toBe("sealing");
      await expectLeftOpen(ended, lab, run);
      return run;
    }
    expectAllThere(ended);
    await disk.free();
  }
  throw new Error(`sealed before the disk was full, ${TRIES} times`);
}

async function expectLeftOpen(ended: RanStudy, lab: Lab, run: string): Promise<void> {
  expectFull(ended, lab);
  expect(ended.runs).toEqual([]);
  expect(existsSync(runFolder(lab.dataDir, run))).toBe(false);
  expect(existsSync(openRunFolder(lab.dataDir, run))).toBe(true);
  expect((await readdir(runsFolder(lab.dataDir))).filter((name) => name === run)).toEqual([]);
  for (const agent of lab.agents) expect((await agent.reached("ENDED")).run).toBe(run);
}

function expectFull({ exitCode, stdout, stderr }: RanStudy, lab: Lab): void {
  const last = stderr
    .trimEnd()
    .split("\n")
    .findLast((line) => line.startsWith("salvo: "));
  expect(last, stderr).toContain(lab.dataDir);
  expect(last).toMatch(/ENOSPC|no space left on device|disk is full/i);
  expect(last).toMatch(/\. (Free|Make|Check|Give)/); // what to do
  expect(stdout).toBe("");
  expect(exitCode, stderr).toBe(6);
}

async function resume(lab: Lab): Promise<RanStudy> {
  return ranStudy(await lab.salvo(["resume", "--lab", lab.labFile, "--data", lab.dataDir, "--json"]));
}

interface SmallDisk extends AsyncDisposable {
  /** To the last byte. */
  fill(): Promise<void>;
  free(): Promise<void>;
}

function mountSmall(folder: string): SmallDisk {
  run("mount", "-t", "tmpfs", "-o", `size=${SIZE},mode=700`, "salvo-test", folder);
  const filler = join(folder, "filler");
  return {
    async fill() {
      await using file = await open(filler, "a");
      const piece = Buffer.alloc(SIZE);
      for (let bytes = piece.length; bytes >= 1;) {
        // A write that meets the end is cut short, and the next one fails.
        const written = await file.write(piece, 0, bytes).then(
          ({ bytesWritten }) => bytesWritten,
          () => 0,
        );
        if (written === 0) bytes = Math.floor(bytes / 2);
      }
    },
    free: () => rm(filler),
    async [Symbol.asyncDispose]() {
      // Lazily: whoever still has it open is stopped after this.
      run("umount", "--lazy", folder);
    },
  };
}

function run(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
}
