/** Giving up runs, with a real agent that holds records of one. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { incompleteRun, type IncompleteWorld, RUN } from "../service/incomplete.fixture.ts";
import { openRunFolder, runFolder, specFile } from "../store/layout.ts";
import { createOpenRun } from "../store/openrun.ts";
import { incompleteRuns, openRuns } from "../store/runs.ts";
import { discardRun } from "./discard.ts";
import { silentIo } from "./io.ts";

let world: IncompleteWorld;
let labFile: string;
beforeEach(async () => {
  world = await incompleteRun();
  labFile = join(world.lab.folder, "lab.yaml");
  await writeFile(
    labFile,
    `name: lab\nagents:\n  - {id: guest1, address: "${world.cable.address}", roles: [workload]}\n`,
  );
}, 60_000);
afterEach(() => world[Symbol.asyncDispose]());

async function discard(run: string, yes = true) {
  const err: string[] = [];
  const io = { ...silentIo(), stderr: { write: (text: string) => err.push(text) } };
  const code = await discardRun({ run, lab: labFile, data: world.dataDir, yes }, io);
  return { code, err: err.join("") };
}

test("a run that is given up is gone here and on its agent, and its archive stays; the audit log has it", async () => {
  await world.cable.layAgain();
  await expect(discard(RUN, false)).rejects.toMatchObject({ kind: "invalid-input" }); // the operator did not type yes
  expect(await incompleteRuns(world.dataDir)).toEqual([RUN]);
  await expect(discard("20990101")).rejects.toMatchObject({ kind: "invalid-input" });
  const { lastSeq } = (await world.agent.status(RUN))!;
  const { code, err } = await discard(RUN.slice(0, 12));
  expect(err).toContain(`run ${RUN} is sealed in ${runFolder(world.dataDir, RUN)}, which stays`);
  expect(err).toContain(`  here: 0 records of guest1, 0.0 MiB\n  guest1: ${lastSeq} records\n`);
  expect(code).toBe(0);
  expect(await incompleteRuns(world.dataDir)).toEqual([]);
  expect(await world.agent.status(RUN)).toBeUndefined();
  expect(existsSync(runFolder(world.dataDir, RUN))).toBe(true);
  const audit = await readFile(join(world.lab.folder, "audit.jsonl"), "utf8");
  expect(audit.match(/"discard"/g)?.length).toBeGreaterThanOrEqual(2);
  await expect(discard(RUN)).rejects.toMatchObject({
    kind: "wrong-state",
    remedy: expect.stringContaining(`salvo agents --release ${RUN}`),
  });
}, 60_000);

test("a run that cannot be read is given up all the same, and agents that do not answer are named", async () => {
  const damaged = "20261130-1300-001-damaged";
  await createOpenRun(world.dataDir, { ...world.spec, run: damaged });
  await writeFile(specFile(openRunFolder(world.dataDir, damaged)), "no spec");
  await using controller = await world.open();
  const stuck = await Array.fromAsync(controller.resume(() => ({ onView() {}, abort: new AbortController().signal })));
  expect(stuck).toMatchObject([{ problem: { remedy: expect.stringContaining(`salvo discard ${damaged}`) } }]);
  await controller[Symbol.asyncDispose]();

  const { code, err } = await discard(damaged);
  expect(err).toContain(`run ${damaged} was never sealed: everything that was measured is lost\n  here: no records\n`);
  expect(err).toMatch(/ {2}guest1: not known, because the agent does not answer \(.*ECONNREFUSED/);
  expect(err).toContain(`type salvo agents --release ${damaged}`);
  expect(code).toBe(6);
  expect(await openRuns(world.dataDir)).toEqual([]);
}, 60_000);
