/** Agents over real gRPC, whose targets choose by what their LUNs are known and whose sessions can lose them. */
import { create } from "@bufbuild/protobuf";
import { type Lab, LabSchema } from "@salvo/proto/lab_pb.ts";
import { Multipath, Transport, VolumeKind } from "@salvo/proto/storage_pb.ts";
import { testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AuditedLab, openAuditedLab } from "./audited-lab.ts";
import { type Channels, openChannels } from "./channels.ts";
import { applyLab, planLab } from "./lab-storage.ts";
import { type MemoryHost, memoryHost, type ToyNetwork, toyNetwork } from "./storage-hosts.fixture.ts";

let open: AsyncDisposableStack;
let network: ToyNetwork;
let target: MemoryHost;
let guest: MemoryHost;
let channels: Channels;
let identities: AuditedLab;
beforeEach(async () => {
  open = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "salvo-lab-storage-"));
  open.defer(() => rm(folder, { recursive: true }));
  const certificates = await testLab(folder);
  network = toyNetwork();
  target = open.use(await memoryHost("target", "target", certificates, { network }));
  guest = open.use(await memoryHost("guest1", "initiator", certificates, { network }));
  channels = open.use(openChannels(certificates));
  identities = await openAuditedLab(certificates, certificates.folder, "test@here");
});
afterEach(() => open.disposeAsync());

/** Exports by name, each of one volume of so many bytes, and those that guest1 attaches to. */
function labOf(exports: Readonly<Record<string, bigint>>, attached: readonly string[]): Lab {
  const volumes = Object.entries(exports).map(([name, sizeBytes]) => ({
    name,
    kind: VolumeKind.RAM,
    sizeBytes,
    sectorBytes: 512,
  }));
  const portals = [{ address: "10.0.0.10", port: 3260 }];
  const targets = [
    {
      agent: "target",
      volumes,
      exports: volumes.map(({ name }) => ({ name, transport: Transport.ISCSI, portals, luns: [{ volume: name }] })),
    },
  ];
  const attachments = attached.map((name) => ({
    agent: "guest1",
    target: "target",
    export: name,
    sessions: 1,
    multipath: Multipath.SERVICE_TIME,
  }));
  return create(LabSchema, {
    name: "bench",
    agents: [target.agent, guest.agent],
    storage: { targets, attachments },
  });
}

const SIZE = 2n ** 21n;

async function apply(lab: Lab, { empty = false, meanwhile = async () => {} } = {}): Promise<string[]> {
  const hosts = { lab, channels, empty };
  const planned = await planLab(hosts);
  await meanwhile();
  const from = network.log.length;
  const { signal } = new AbortController();
  await applyLab(planned, { ...hosts, identities, what: "lab apply", signal, onStep: () => {} });
  return network.log.slice(from);
}

async function shown(lab: Lab) {
  const planned = await planLab({ lab, channels, empty: false });
  return planned.map(({ host, plan, knownAfterApply }) => ({
    host: host.agent.id,
    steps: plan.steps.map(({ id }) => id),
    knownAfterApply,
  }));
}

test("what its target has not made is not guessed: it is known after apply, and then nothing is left to do", async () => {
  const lab = labOf({ a: SIZE }, ["a"]);
  expect(await shown(lab)).toEqual([
    { host: "target", steps: ["make thing a"], knownAfterApply: [] },
    { host: "guest1", steps: [], knownAfterApply: ["LUN 0 of export a of target"] },
  ]);
  expect(await apply(lab)).toEqual(["target makes a", "guest1 makes iqn.2026-11.test.toy:a.1"]);
  expect(await shown(lab)).toEqual([
    { host: "target", steps: [], knownAfterApply: [] },
    { host: "guest1", steps: [], knownAfterApply: [] },
  ]);
  expect(await apply(lab)).toEqual([]);
});

test("an initiator that moves from one export to another lets go before the first goes", async () => {
  await apply(labOf({ a: SIZE }, ["a"]));
  const moved = labOf({ b: SIZE }, ["b"]);
  expect(await shown(moved)).toEqual([
    { host: "target", steps: ["remove thing a", "make thing b"], knownAfterApply: [] },
    {
      host: "guest1",
      steps: ["remove thing iqn.2026-11.test.toy:a.1"],
      knownAfterApply: ["LUN 0 of export b of target"],
    },
  ]);
  expect(await apply(moved)).toEqual([
    "guest1 removes iqn.2026-11.test.toy:a.1",
    "target removes a",
    "target makes b",
    "guest1 makes iqn.2026-11.test.toy:b.1",
  ]);
  expect(network.lost).toEqual([]);
});

test("an export that is made anew is let go of before, and attached to as what it is then", async () => {
  await apply(labOf({ a: SIZE, b: SIZE }, ["a", "b"]));
  expect(await apply(labOf({ a: 2n * SIZE, b: SIZE }, ["a", "b"]))).toEqual([
    "guest1 removes iqn.2026-11.test.toy:a.1",
    "target removes a",
    "target makes a",
    "guest1 makes iqn.2026-11.test.toy:a.2",
  ]);
  expect(network.lost).toEqual([]);
});

test("destroy: initiators let go first", async () => {
  const lab = labOf({ a: SIZE }, ["a"]);
  await apply(lab);
  expect(await apply(lab, { empty: true })).toEqual(["guest1 removes iqn.2026-11.test.toy:a.1", "target removes a"]);
  expect(network.lost).toEqual([]);
});

test("an initiator that would have something else to do by then than was seen is left as it is", async () => {
  await apply(labOf({ a: SIZE, b: SIZE }, []));
  const meanwhile = async () => void (await apply(labOf({ a: SIZE, b: SIZE }, ["a"])));
  await expect(apply(labOf({ a: SIZE, b: SIZE }, ["a", "b"]), { meanwhile })).rejects.toMatchObject({
    kind: "wrong-state",
    host: "guest1",
    message: "the host has changed since it was planned",
  });
  expect([...guest.there.keys()]).toEqual(["iqn.2026-11.test.toy:a.1"]);
});

test("a target that does not tell of what it was to make is named", async () => {
  network.tell = () => [];
  await expect(apply(labOf({ a: SIZE }, ["a"]))).rejects.toMatchObject({
    kind: "program-failed",
    host: "guest1",
    message: "LUN 0 of export a of target should exist now, and its target does not report it",
  });
});
