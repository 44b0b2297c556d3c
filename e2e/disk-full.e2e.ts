import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { long, ranStudy, startLab, type Lab } from "./lab.ts";

const MIB = 2 ** 20;

/** A file system of its own for an agent's data folder: one that can be full. */
let small: string;
beforeEach(async () => {
  small = await mkdtemp(join(tmpdir(), "salvo-small-"));
  run("mount", "-t", "tmpfs", "-o", `size=${MIB},mode=700`, "salvo-test", small);
});
afterEach(async () => {
  run("umount", small);
  await rm(small, { recursive: true });
});

const startFullLab = () => startLab({ agents: [{}, { dataDir: join(small, "data") }] });
const filler = () => join(small, "filler");

async function fill(): Promise<void> {
  await expect(writeFile(filler(), Buffer.alloc(2 * MIB))).rejects.toMatchObject({ code: "ENOSPC" });
}

async function recovers(lab: Lab): Promise<void> {
  await rm(filler());
  const { runs, stderr } = await lab.runStudy({ interval: "500ms" });
  expect(["complete", "degraded"], stderr).toContain(runs[0]?.verdict);
  expect(runs[0]).toMatchObject({ samples: { missing: 0 } });
  await lab.nothingLeft();
}

const asRoot = test.runIf(process.getuid?.() === 0);

asRoot("an agent whose disk gets full in mid-run ends the run and says why, and recovers with space", async () => {
  await using lab = await startFullLab();
  const salvo = await lab.startStudy({ workloads: [long] });
  await salvo.said(/tick [1-9]/);
  await fill();
  const { runs, exitCode, stderr } = ranStudy(await salvo.ended);
  expect(runs, stderr).toMatchObject([
    {
      verdict: "aborted",
      reason: expect.stringMatching(/guest2.*the journal failed: .*ENOSPC.*Free or repair the disk/),
    },
  ]);
  expect(exitCode).toBe(5);
  for (const agent of lab.agents) expect(agent.fioPids()).toEqual([]);
  await lab.nothingLeft();
  await recovers(lab);
});

asRoot("an agent whose disk is full cannot arm: nobody starts, and the reason says so", async () => {
  await using lab = await startFullLab();
  await fill();
  const { runs, exitCode, stderr } = await lab.runStudy({});
  expect(runs, stderr).toMatchObject([
    { verdict: "aborted", reason: expect.stringMatching(/guest2.*(ENOSPC|disk is full)/), window: null },
  ]);
  expect(exitCode).toBe(5);
  await lab.nothingLeft();
  await recovers(lab);
});

function run(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
}
