/** Agents that are out of reach when a run ends: what they hold is collected later, and sealed beside. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { runFolder } from "../store/layout.ts";
import { loadManifest } from "../store/manifest.ts";
import { reopenIncomplete } from "../store/openrun.ts";
import { queryRuns } from "../store/query.ts";
import { incompleteRuns, listRuns, openRuns, readManifest } from "../store/runs.ts";
import type { Resumed } from "./controller.ts";
import { incompleteRun, type IncompleteWorld, RUN } from "./incomplete.fixture.ts";

let world: IncompleteWorld;
beforeEach(async () => void (world = await incompleteRun()), 60_000);
afterEach(() => world[Symbol.asyncDispose]());

const options = () => ({ onView() {}, abort: new AbortController().signal });

async function resume(which: "resume" | "resumeAll"): Promise<Resumed[]> {
  await using controller = await world.open();
  return Array.fromAsync(controller[which](options));
}

test("what an agent holds is collected when it is back, sealed beside the first archive, and released only then", async () => {
  const { dataDir, agent, cable } = world;
  const first = await loadManifest(runFolder(dataDir, RUN));
  expect(first.summary).toMatchObject({ verdict: "incomplete", samples: { received: 0, backfilled: 0 } });
  expect(first.notes).toContainEqual(expect.stringMatching(/^guest1 refused connections, so not all .*salvo resume/));
  expect([await openRuns(dataDir), await incompleteRuns(dataDir)]).toEqual([[], [RUN]]);

  // No other command waits for it.
  expect(await resume("resume")).toEqual([]);
  // It is still away: nothing changes.
  expect(await resume("resumeAll")).toMatchObject([{ run: RUN, manifest: { summary: { verdict: "incomplete" } } }]);
  expect(await incompleteRuns(dataDir)).toEqual([RUN]);
  expect((await agent.status(RUN))?.lastSeq).toBeGreaterThan(3);

  await cable.layAgain();
  const [resumed] = await resume("resumeAll");
  const second = resumed && "manifest" in resumed ? resumed.manifest : undefined;
  expect(["complete", "degraded"], second?.summary?.reason).toContain(second?.summary?.verdict); // a busy machine starts late
  expect(second?.summary).toMatchObject({
    archive: runFolder(dataDir, RUN, 2),
    samples: { missing: 0, backfilled: 6 },
  });
  expect([await openRuns(dataDir), await incompleteRuns(dataDir)]).toEqual([[], []]);
  expect(await agent.status(RUN)).toBeUndefined();
  expect(await resume("resumeAll")).toEqual([]);

  // Whoever reads gets the newest; the first is as it was.
  expect((await listRuns(dataDir)).map(({ archive }) => archive)).toEqual([runFolder(dataDir, RUN, 2)]);
  expect((await readManifest(dataDir, RUN.slice(0, 10))).summary).toEqual(second?.summary);
  const { rows } = await queryRuns(dataDir, "SELECT count(*)::INT AS runs FROM runs");
  expect(rows).toEqual([{ runs: 1 }]);
  expect(await loadManifest(runFolder(dataDir, RUN))).toEqual(first);
}, 60_000);

test("a run that is resumed while its agent is away is asked about once", async () => {
  const { dataDir } = world;
  await reopenIncomplete(dataDir, RUN); // as a controller leaves it that dies meanwhile
  expect(await resume("resumeAll")).toMatchObject([{ run: RUN, manifest: { summary: { verdict: "incomplete" } } }]);
  expect(await incompleteRuns(dataDir)).toEqual([RUN]);
}, 60_000);

test("an agent that has forgotten the run ends the waiting for it", async () => {
  const { dataDir, agent, cable } = world;
  await cable.layAgain();
  await agent.client.release({ run: RUN }, { deadlineMs: 10_000 });
  expect(await resume("resumeAll")).toMatchObject([{ run: RUN, manifest: { summary: { verdict: "incomplete" } } }]);
  expect(await incompleteRuns(dataDir)).toEqual([]);
}, 60_000);
