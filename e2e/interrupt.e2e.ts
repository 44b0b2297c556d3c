import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { long, quick, ranStudy, startLab } from "./lab.ts";

test("Ctrl-C in mid-run: all fio is gone within 2 s, and what was measured until then is sealed", async () => {
  await using lab = await startLab({ agents: [{}, { devices: 2 }, {}] });
  const salvo = await lab.startStudy({ workloads: [long, quick] });
  await salvo.said(/tick [1-9]/);
  const running = lab.agents.flatMap((agent) => agent.fioPids());
  expect(running.length).toBeGreaterThanOrEqual(4);
  salvo.interrupt();
  await vi.waitFor(() => expect(lab.agents.flatMap((agent) => agent.fioPids())).toEqual([]), {
    timeout: 2_000,
    interval: 5,
  });
  const { runs, exitCode, stderr } = ranStudy(await salvo.ended);
  // One run: the next one of the study has not begun.
  expect(runs, stderr).toMatchObject([
    { workload: "long", verdict: "aborted", reason: expect.stringContaining("Ctrl-C"), samples: { missing: 0 } },
  ]);
  expect(runs[0]!["window"]).not.toBeNull();
  expect(runs[0]!["totals"]).not.toBeNull();
  expect(exitCode).toBe(130);
  expect(await readdir(runs[0]!.archive)).toContain("manifest.json");
  expect(await readdir(join(lab.dataDir, "runs", ".open"))).toEqual([]);
  const [counted] = await lab.query("SELECT count(DISTINCT participant)::INT AS participants FROM samples");
  expect(counted).toEqual({ participants: 4 });
  await lab.nothingLeft();
});

test("SIGTERM before T0 does the same: nobody starts", async () => {
  await using lab = await startLab({ agents: 2 });
  const salvo = await lab.startStudy({});
  await lab.agents[0]!.reached("ARMING");
  salvo.kill("SIGTERM");
  const { runs, exitCode, stderr } = ranStudy(await salvo.ended);
  expect(runs, stderr).toMatchObject([{ verdict: "aborted", window: null, startSpreadMs: null }]);
  expect(exitCode).toBe(130);
  await lab.nothingLeft();
});
