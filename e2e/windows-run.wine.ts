/** Runs of an agent under Wine beside agents on Linux. Wine's processors, files and sockets are those of Linux. */
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openChannels } from "@salvo/controller/service/channels.ts";
import { loadManifest } from "@salvo/controller/store/manifest.ts";
import { testLab } from "@salvo/shared/identity/testing-lab.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, quick, startLab } from "./lab.ts";
import { startWine } from "./wine.ts";
import { startWindowsAgent, unpackWindowsAgent, type WindowsAgent } from "./windows-lab.ts";

const undo = new AsyncDisposableStack();
afterAll(() => undo.disposeAsync());

let lab: Lab;
let windows: WindowsAgent;
beforeAll(async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "salvo-windows-run-")));
  if (!process.env["SALVO_E2E_KEEP"]) undo.defer(() => rm(folder, { recursive: true, force: true }));
  const programs = join(folder, "Program Files", "Salvo");
  await unpackWindowsAgent(programs);
  const wine = undo.use(await startWine());
  const identities = await testLab(folder);
  const channels = undo.use(openChannels(identities));
  windows = await startWindowsAgent("win1", { wine, folder, programs, identities, channels });
  lab = undo.use(await startLab({ agents: 2, identities, others: [windows] }));
}, 240_000);

const participants = ["guest1", "guest2", "win1"].map((agent) => ({ agent, device: "disk1" }));
const scenarios = [{ name: "both", participants }];

// Again on a machine that is too busy for fio to answer in time under Wine: the verdict rightly says so.
test(
  "a Windows agent and two Linux agents: complete, all three starts proven, every sample there",
  { retry: 4 },
  async () => {
    // A start some ms late costs no tick of the window, and a job that hardly sleeps answers soon.
    const workload = { ...quick, ramp: "1s", duration: "4s", rateIopsPerJob: 2_000 };
    const { runs, stderr } = await lab.runStudy({ interval: "500ms", scenarios, workloads: [workload] });
    const [line] = runs;
    expect(line, stderr).toMatchObject({ participants: 3, samples: { missing: 0 } });
    const { participants: proven } = await loadManifest(line!.archive);
    expect(proven.map(({ id }) => id).toSorted()).toEqual(["guest1.disk1", "guest2.disk1", "win1.disk1"]);
    for (const { firstIoEarliestNs, firstIoLatestNs } of proven)
      expect(Number(firstIoLatestNs) - Number(firstIoEarliestNs)).toBeGreaterThan(0);
    const cores = await lab.query("SELECT DISTINCT agent FROM cpu ORDER BY agent");
    expect(cores.map(({ agent }) => agent)).toEqual(["guest1", "guest2", "win1"]);
    await lab.nothingLeft();
    expect(line).toMatchObject({ verdict: "complete" });
  },
);

test("as many jobs as are wanted wait at the gate of one device, and all of them go", async () => {
  // Under Wine they also go with too few instances of the pipe: that Windows needs one for each is not shown here.
  const many = { ...quick, jobs: 12, rateIopsPerJob: 20, duration: "3s" };
  const alone = [{ name: "alone", participants: [{ agent: "win1", device: "disk1" }] }];
  const { runs, stderr } = await lab.runStudy({ interval: "500ms", scenarios: alone, workloads: [many] });
  expect(runs, stderr).toMatchObject([{ participants: 1, samples: { missing: 0 } }]);
  expect(["complete", "degraded"]).toContain(runs[0]?.verdict);
  const [{ ios } = { ios: 0 }] = await lab.query(
    `SELECT sum(read_ios)::INT AS ios FROM samples WHERE run = '${runs[0]!.run}'`,
  );
  expect(ios).toBeGreaterThan(11 * 20 * 2);
});
