import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { type TestAgent, testAgent, WORKLOAD } from "@salvo/agent-guest/agent.fixture.ts";
import { LabSchema } from "@salvo/proto/lab_pb.ts";
import { RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { SimulatedHost } from "@salvo/shared/agent/guard/host.fixture.ts";
import { testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Channels, openChannels } from "../channels.ts";
import { lookAtAgents, unreachableAgents } from "./preflight.ts";

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "salvo-preflight-"))));
afterEach(() => rm(folder, { recursive: true }));

test("whatever would fail every run is found before the first of them, all at once and once each", async () => {
  const lab = await testLab(folder);
  await using agent = await testAgent({ lab });
  using channels = openChannels(lab);
  const { guest, version, spec, signal } = await studyOf(agent, channels);
  const options = { lab: create(LabSchema), emit: () => {}, signal, version };

  await lookAtAgents(channels, [spec, spec], options);
  await expect(lookAtAgents(channels, [spec, spec], { ...options, version: "99.0.0" })).rejects.toMatchObject({
    kind: "refused",
    message: `agent guest1 is version ${version}, the controller 99.0.0; deploy the same`,
  });

  const hopeless = create(RunSpecSchema, {
    workload: WORKLOAD,
    agents: [guest, { id: "gone", address: "127.0.0.1:1" }],
    participants: [{ id: "guest1.sda", agent: "guest1", device: "sda" }],
  });
  await expect(lookAtAgents(channels, [spec, hopeless, hopeless], options)).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringMatching(
      /^guest1: device sda is not listed .*listed: disk1, disk2.*\ngone: [^\n]*127\.0\.0\.1:1[^\n]*$/,
    ),
    remedy: "Nothing was started",
  });
  expect(await unreachableAgents(channels, hopeless, signal)).toEqual(["gone"]);
});

test("a raw disk that nobody claimed is told before the first run", async () => {
  const host = new SimulatedHost(1);
  const lab = await testLab(folder);
  const devices = [host.list("disk1", host.things[0]!)];
  await using agent = await testAgent({ lab, devices, disks: host.disks });
  using channels = openChannels(lab);
  const { version, spec, signal } = await studyOf(agent, channels);
  const looking = lookAtAgents(channels, [spec], { lab: create(LabSchema), emit: () => {}, signal, version });
  await expect(looking).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringMatching(/^guest1: runs may not write to device disk1: .*\[label-missing\]/),
    remedy: "Nothing was started",
  });
});

/** One run on one device of the agent, and the version that the agent tells. */
async function studyOf({ address }: TestAgent, channels: Channels) {
  const guest = { id: "guest1", address };
  const client = channels.client({ ...guest, roles: ["workload"] });
  const { version } = (await client.describe({}, { deadlineMs: 10_000 })).agent!;
  const spec = create(RunSpecSchema, {
    workload: WORKLOAD,
    agents: [guest],
    participants: [{ id: "guest1.disk1", agent: "guest1", device: "disk1" }],
  });
  return { guest, version, spec, signal: new AbortController().signal };
}
