import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { loadManifest } from "@salvo/controller/store/manifest.ts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { quick, ranStudy, startLab } from "./lab.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-clock-"));
});
afterEach(() => rm(folder, { recursive: true }));

const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url));

// Again on a machine that is too busy for fio to answer in time.
test(
  "an agent's clock is set in mid-run: the run is complete, on one clock, its start proven as before",
  { retry: 4 },
  async () => {
    const step = join(folder, `step-${Math.floor(performance.now())}`);
    const fio = join(folder, "fio");
    await writeFile(
      fio,
      `#!/bin/sh\n[ "$1" = --version ] && exec fio --version\nNODE_OPTIONS= exec ${process.execPath} ${beside("step-fio.mjs")} "$@"\n`,
      { mode: 0o755 },
    );
    const env = { STEP_CLOCK_FILE: step, NODE_OPTIONS: `--import ${pathToFileURL(beside("step-clock.mjs")).href}` };
    await using lab = await startLab({ agents: [{}, { fio, env }] });
    const salvo = await lab.startStudy({ interval: "500ms", workloads: [{ ...quick, duration: "4s" }] });
    await vi.waitUntil(async () => ((await lab.agents[1]!.runs())[0]?.tick ?? 0) > 0, {
      timeout: 60_000,
      interval: 20,
    });
    await writeFile(step, "");
    const { runs, exitCode, stderr } = ranStudy(await salvo.ended);
    expect(runs, stderr).toMatchObject([{ verdict: "complete", samples: { missing: 0 } }]);
    expect(exitCode).toBe(0);

    const rows = await lab.query(
      "SELECT agent, tick::INT AS tick, t_ns::VARCHAR AS t FROM samples ORDER BY agent, tick",
    );
    const { t0WallNs, starts } = await loadManifest(runs[0]!.archive);
    expect(rows).toHaveLength(16);
    for (const { agent, tick, t } of rows) {
      const lateMs = Number(BigInt(String(t)) - t0WallNs) / 1e6 - Number(tick) * 500;
      expect(Math.abs(lateMs), `${String(agent)} tick ${Number(tick)}`).toBeLessThan(400);
    }
    for (const { earliestNs, latestNs, participant } of starts) {
      const widthMs = Number(latestNs - earliestNs) / 1e6;
      expect(widthMs, participant).toBeGreaterThanOrEqual(0);
      expect(widthMs, participant).toBeLessThan(20);
    }
    expect(starts).toHaveLength(2);
    await lab.nothingLeft();
  },
);
