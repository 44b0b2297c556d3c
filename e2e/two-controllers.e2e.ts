import { expect, test } from "vitest";
import { quick, ranStudy, startLab } from "./lab.ts";
import { expectAllThere } from "./measured.ts";
import { untilOpenRun } from "./open-run.ts";

test("a second controller on the same data folder is refused by pid, and the first goes on undisturbed", async () => {
  await using lab = await startLab({ agents: 2 });
  const first = await lab.startStudy({ workloads: [{ ...quick, duration: "6s" }] });
  await untilOpenRun(lab.dataDir, ({ state }) => state.phase === "running");
  const place = ["--lab", lab.labFile, "--data", lab.dataDir];
  for (const args of [
    ["run", await lab.writeStudy({}), ...place, "--json"],
    ["resume", ...place, "--json"],
  ]) {
    const second = await lab.salvo(args);
    expect(second.exitCode).toBe(6);
    expect(second.stdout).toBe("");
    expect(second.stderr).toContain(`another controller has this data folder: pid ${first.pid} on `);
    expect(second.stderr).toContain("Stop it, or give each controller a data folder of its own");
    expect(first.running).toBe(true);
  }
  expectAllThere(ranStudy(await first.ended));
  await lab.nothingLeft();
});

test("a second controller on the same agents finds them busy, starts nothing, and the first goes on", async () => {
  await using lab = await startLab({ agents: 2 });
  const first = await lab.startStudy({ workloads: [{ ...quick, duration: "6s" }] });
  const { run } = await untilOpenRun(lab.dataDir, ({ state }) => state.phase === "running");
  const second = ranStudy(
    await lab.salvo(["run", await lab.writeStudy({}), "--lab", lab.labFile, "--data", `${lab.dataDir}2`, "--json"]),
  );
  for (const guest of ["guest1", "guest2"])
    expect(second.stderr).toContain(`${guest}: the agent is in use by run ${run}; wait for it`);
  expect(second).toMatchObject({ runs: [], exitCode: 6 });
  expectAllThere(ranStudy(await first.ended));
  await lab.nothingLeft();
});
