/** Certificates that change, end or are taken away while a run goes on. */
import { join } from "node:path";
import { AGENT_LIFE_MS } from "@salvo/shared/identity/life.ts";
import { readIdentity } from "@salvo/shared/identity/own.ts";
import { sleep } from "@salvo/shared/kernel/signal.ts";
import { expect, test, vi } from "vitest";
import type { LabAgent } from "./agent.ts";
import { type Lab, long, quick, ranStudy, startLab } from "./lab.ts";

const certificateOf = async (lab: Lab, { id }: LabAgent) =>
  (await readIdentity(join(lab.folder, id, "identity"), "")).certificate;

/** As if it had joined at that time. */
async function hasJoined(lab: Lab, agent: LabAgent, nowMs: number): Promise<string> {
  await agent.kill("SIGTERM");
  const credential = await lab.identities.enrol(agent.id, { nowMs, folder: join(lab.folder, agent.id, "identity") });
  await agent.restart();
  return credential.certificate;
}

test("no sample is lost when one certificate is renewed in mid-run, and another would have ended there", async () => {
  await using lab = await startLab({ agents: 2 });
  const [renewed, ending] = lab.agents;
  // After the run has begun, however busy the machine, and before it ends.
  const thenMs = Date.now() + 15_000;
  const first = await hasJoined(lab, renewed!, thenMs - (AGENT_LIFE_MS * 2) / 3);
  const last = await hasJoined(lab, ending!, thenMs - AGENT_LIFE_MS);
  const study = await lab.startStudy({ workloads: [{ ...quick, duration: "18s" }] });
  for (const agent of lab.agents) await agent.reached("RUNNING");
  expect(Date.now()).toBeLessThan(thenMs);
  expect(await certificateOf(lab, ending!)).not.toBe(last);
  expect(await certificateOf(lab, renewed!)).toBe(first);

  await sleep(thenMs - Date.now() + 1_000);
  expect((await lab.salvo(["agents", "--lab", lab.labFile])).exitCode).toBe(0);
  expect(await certificateOf(lab, renewed!)).not.toBe(first);
  expect((await renewed!.runs())[0]).toMatchObject({ outcome: 0 }); // still at it
  const { runs, stderr } = ranStudy(await study.ended);
  expect(["complete", "degraded"], stderr).toContain(runs[0]?.verdict); // a busy machine starts late
  expect(runs[0]).toMatchObject({ samples: { missing: 0 } });
  await lab.nothingLeft();
}, 60_000);

test("an agent that is revoked in mid-run is gone from the run at once, and the verdict says why", async () => {
  await using lab = await startLab({ agents: 2, onLoss: "abort" });
  const study = await lab.startStudy({ workloads: [long] });
  for (const agent of lab.agents) await agent.reached("RUNNING");
  expect((await lab.salvo(["agents", "revoke", "guest2", "--lab", lab.labFile])).exitCode).toBe(0);
  const { runs, exitCode } = ranStudy(await study.ended);
  expect(runs).toMatchObject([{ verdict: "aborted", reason: expect.stringMatching(/^guest2: .*was revoked/) }]);
  expect(exitCode).toBe(5);
}, 60_000);

test("an agent whose lab was left alone for days is given a new certificate by the next command that asks it", async () => {
  await using lab = await startLab({ agents: 1 });
  const [agent] = lab.agents;
  const expired = await hasJoined(lab, agent!, Date.now() - 5 * AGENT_LIFE_MS);
  const { runs, stderr } = await lab.runStudy({});
  expect(["complete", "degraded"], stderr).toContain(runs[0]?.verdict);
  expect(await certificateOf(lab, agent!)).not.toBe(expired);
}, 60_000);

test("a run whose controller was away until its agents' certificates lapsed is brought to its end, with all that was measured", async () => {
  await using lab = await startLab({ agents: 2 });
  const study = await lab.startStudy({ workloads: [long] });
  const [lapsed] = lab.agents;
  await vi.waitFor(async () => expect((await lapsed!.runs())[0]?.tick).toBeGreaterThan(2), { timeout: 20_000 });
  study.kill("SIGKILL");
  await study.ended;
  const expired = await hasJoined(lab, lapsed!, Date.now() - 2 * AGENT_LIFE_MS); // which ends its part of the run
  const { runs, stderr } = ranStudy(await lab.salvo(["resume", "--lab", lab.labFile, "--data", lab.dataDir, "--json"]));
  expect(runs, stderr).toMatchObject([{ verdict: "aborted", samples: { missing: 0 } }]);
  expect(await certificateOf(lab, lapsed!)).not.toBe(expired);
  await lab.nothingLeft();
}, 60_000);

test("a controller's certificate that was replaced is refused by every agent, and runs go on with the new one", async () => {
  await using lab = await startLab({ agents: 1 });
  const [agent] = lab.agents;
  const renewed = await lab.salvo(["controller", "renew", "--lab", lab.labFile]);
  expect(renewed).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("1 of 1 agents refuse the old one") });
  // The test's own channels have the certificate of before.
  await expect(agent!.runs()).rejects.toMatchObject({ kind: "refused", message: expect.stringContaining("replaced") });
  const { runs, stderr } = await lab.runStudy({});
  expect(["complete", "degraded"], stderr).toContain(runs[0]?.verdict);
}, 60_000);
