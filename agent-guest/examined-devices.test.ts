/** What an agent says of its raw disks to whoever asks whether runs may write to them; the disks are simulated. */
import { claimDisk } from "@salvo/shared/agent/guard/claim-disk.ts";
import { openClaims } from "@salvo/shared/agent/guard/claims.ts";
import { SimulatedHost } from "@salvo/shared/agent/guard/host.fixture.ts";
import { testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TestAgent, testAgent } from "./agent.fixture.ts";

const host = new SimulatedHost(3);
const devices = host.things.map((thing, number) => host.list(`disk${number}`, thing));
/** The simulated ones tell no sector. */
const SECTORED = {
  ...host.disks,
  identify: () => host.disks.identify().map((disk) => ({ ...disk, sectorBytes: 4096 })),
};

let folder: string;
let agent: TestAgent;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-examined-"));
  agent = await testAgent({ devices, disks: SECTORED, lab: await testLab(folder, "blue") });
});
afterEach(async () => {
  await agent[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

test("an agent tells which raw disks runs may not write to, why, and what to type", async () => {
  const claims = openClaims(join(agent.folder, "data"));
  const ofAnother = openClaims(join(agent.folder, "another-agent"));
  for (const [number, lab, memory] of [
    [0, "blue", claims],
    [1, "red", ofAnother],
  ] as const)
    await claimDisk(
      devices[number]!,
      { lab, uuid: `uuid-${number}` },
      { host: "guest1", disks: host.disks, claims: memory, confirm: async () => true },
    );

  const asked = await agent.client.describe({ examineDevices: true }, { deadlineMs: 10_000 });
  expect(asked.deviceProblems).toEqual({
    disk1: expect.stringMatching(/^device disk1: is claimed as .*, but this agent belongs to lab blue .*Release it/s),
    disk2: expect.stringMatching(
      /^device disk2: has no label of Salvo's .*on the agent's host.*salvo-agent-guest devices claim/s,
    ),
  });
  expect(asked.deviceProblems["disk1"], "there is no run and no plan").not.toContain("plan-hash");
  const unasked = await agent.client.describe({}, { deadlineMs: 10_000 });
  expect(unasked.deviceProblems).toEqual({});
});

test("an agent tells the sectors of its raw disks", async () => {
  const { agent: described } = await agent.client.describe({}, { deadlineMs: 10_000 });
  expect(described?.deviceSectorBytes).toEqual({ disk0: 4096, disk1: 4096, disk2: 4096 });
});
