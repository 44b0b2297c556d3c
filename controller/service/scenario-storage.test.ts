import { create } from "@bufbuild/protobuf";
import { type Lab, LabSchema } from "@salvo/proto/lab_pb.ts";
import { RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { Multipath, Transport, VolumeKind } from "@salvo/proto/storage_pb.ts";
import { Layout } from "@salvo/proto/study_pb.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStorageRecords } from "../store/storage-under-way.ts";
import { openAuditedLab } from "./audited-lab.ts";
import { openChannels } from "./channels.ts";
import { setUpStorage } from "./scenario-storage.ts";
import { type ScenarioDeps, takeDownLeft } from "./storage-takedown.ts";
import { applyLab, planLab } from "./lab-storage.ts";
import { type MemoryHost, memoryHost, type ToyNetwork, toyNetwork } from "./storage-hosts.fixture.ts";

let open: AsyncDisposableStack;
let folder: string;
let certificates: TestLab;
let target: MemoryHost;
let guests: MemoryHost[];
let network: ToyNetwork;
beforeEach(async () => {
  open = new AsyncDisposableStack();
  folder = await mkdtemp(join(tmpdir(), "salvo-scenario-"));
  open.defer(() => rm(folder, { recursive: true }));
  certificates = await testLab(folder);
  network = toyNetwork();
  target = open.use(await memoryHost("target", "target", certificates, { network }));
  guests = [];
  for (const id of ["guest1", "guest2"])
    guests.push(open.use(await memoryHost(id, "initiator", certificates, { network })));
});
afterEach(() => open.disposeAsync());

const SPEC = create(RunSpecSchema, {
  run: "r-1",
  scenario: "iscsi",
  storage: {
    wanted: {
      target: "target",
      transport: Transport.ISCSI,
      layout: Layout.LUN_PER_GUEST,
      luns: 1,
      sessions: 1,
      multipath: Multipath.SERVICE_TIME,
      volume: { kind: VolumeKind.RAM, sizeBytes: 2n ** 21n, sectorBytes: 512 },
    },
  },
});

interface Said extends ScenarioDeps {
  readonly lines: string[];
}

async function depsOf(labOf: Partial<Pick<Lab, "agents" | "storage">> = {}, signal?: AbortSignal): Promise<Said> {
  const { agents = [target, ...guests].map(({ agent }) => agent), storage } = labOf;
  const lines: string[] = [];
  let tags = 0;
  return {
    lab: create(LabSchema, { name: "bench", agents, ...(storage && { storage }) }),
    identities: await openAuditedLab(certificates, certificates.folder, "test@here"),
    channels: open.use(openChannels(certificates)),
    records: openStorageRecords(join(folder, "data")),
    newTag: () => `t${++tags}`,
    say: (line) => lines.push(line),
    signal: signal ?? new AbortController().signal,
    lines,
  };
}

/** What the lab file says of storage. */
async function applied({ lab, channels, identities, signal }: ScenarioDeps): Promise<void> {
  const hosts = { lab, channels, empty: false };
  const what = { identities, what: "lab apply", signal, onStep: () => {} };
  await applyLab(await planLab(hosts), { ...hosts, ...what });
}

const thereOn = () => [target, ...guests].map(({ there }) => [...there.keys()]);
/** As the toy target chose it. */
const IQN = "iqn.2026-11.test.toy:iscsi-t1.1";
const NOTHING = [[], [], []];

test("it is made, read back, on record as long as it is there, and taken away", async () => {
  const deps = await depsOf();
  const made = await setUpStorage(SPEC, deps);
  expect(thereOn()).toEqual([["iscsi-t1"], [IQN], [IQN]]);
  expect(made.storage.exported).toHaveLength(2);
  expect(made.storage.attached.map(({ agent, luns }) => [agent, luns.length])).toEqual([
    ["guest1", 1],
    ["guest2", 1],
  ]);
  expect([...(await deps.records.list()).keys()]).toEqual(["t1"]);
  expect(await made.takeDown()).toBe(true);
  expect(thereOn()).toEqual(NOTHING);
  expect([...(await deps.records.list()).keys()]).toEqual([]);
});

/** The host is at work until somebody has looked, and has not seen what it is about to make. */
function slow(host: MemoryHost): void {
  host.onMake = async () => {
    const looked = Promise.withResolvers<void>();
    host.onLook = looked.resolve;
    await looked.promise;
  };
}

test("what one guest refuses is taken away on all, also where another is still at work", async () => {
  guests[0]!.onMake = async () => {
    throw new Error("iscsiadm says no");
  };
  slow(guests[1]!);
  const deps = await depsOf();
  await expect(setUpStorage(SPEC, deps)).rejects.toThrow("iscsiadm says no");
  expect(thereOn()).toEqual(NOTHING);
  expect((await deps.records.list()).size).toBe(0);
});

test("stopped while a guest is at work, it waits for that guest and takes away what it made", async () => {
  const stop = new AbortController();
  slow(guests[0]!);
  guests[1]!.onMake = async () => stop.abort(new Error("Ctrl-C"));
  const deps = await depsOf({}, stop.signal);
  await expect(setUpStorage(SPEC, deps)).rejects.toThrow();
  expect(thereOn()).toEqual(NOTHING);
});

test("what a controller that is no more has left is taken away by the next, whatever the lab file says by now", async () => {
  await setUpStorage(SPEC, await depsOf());
  const deps = await depsOf({ agents: [target, guests[0]!].map(({ agent }) => agent) });
  expect(await takeDownLeft(deps)).toEqual({ found: true, all: true });
  expect(thereOn()).toEqual([[], [], [IQN]]);
  expect(deps.lines.join("\n")).toMatch(/guest2 is no longer in the lab: what was made there may still exist/);
  expect((await deps.records.list()).size).toBe(0);
});

test("what cannot be taken away is said, stays on record, and keeps nothing else", async () => {
  const made = await setUpStorage(SPEC, await depsOf());
  await guests[1]![Symbol.asyncDispose]();
  const deps = await depsOf();
  expect(await made.takeDown()).toBe(false);
  expect(await takeDownLeft(deps)).toEqual({ found: true, all: false });
  expect(thereOn().slice(0, 2)).toEqual([[], []]);
  expect(deps.lines.join("\n")).toMatch(/iscsi: what was made on guest2 is still there/);
  expect((await deps.records.list()).size).toBe(1);
});

const OWN = create(LabSchema, {
  storage: {
    targets: [
      {
        agent: "target",
        volumes: [{ name: "a", kind: VolumeKind.RAM, sizeBytes: 2n ** 21n, sectorBytes: 512 }],
        exports: [
          {
            name: "own",
            transport: Transport.ISCSI,
            portals: [{ address: "10.0.0.10", port: 3260 }],
            luns: [{ volume: "a" }],
          },
        ],
      },
    ],
  },
}).storage!;

test("the lab file's own storage must be there before, and stays", async () => {
  const deps = await depsOf({ storage: OWN });
  await expect(setUpStorage(SPEC, deps)).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringContaining("not as the lab file says"),
    remedy: expect.stringContaining("salvo lab apply"),
  });
  expect(thereOn()).toEqual(NOTHING);
  expect((await deps.records.list()).size).toBe(0);
});

test("guests without a name of their own are refused, before anything is made", async () => {
  for (const [initiator, message] of [
    ["", "this host has no name as an initiator"],
    ["iqn.2026-11.test:guest1", "the same name as guest1"],
  ] as const) {
    await guests[1]![Symbol.asyncDispose]();
    guests[1] = open.use(await memoryHost(`guest${message.length}`, "initiator", certificates, { initiator, network }));
    await expect(setUpStorage(SPEC, await depsOf())).rejects.toThrow(message);
    expect(thereOn()).toEqual(NOTHING);
  }
});

test("what people have applied since stays, when an earlier study's storage is taken away", async () => {
  await setUpStorage(SPEC, await depsOf());
  const deps = await depsOf({ storage: OWN });
  await applied(deps);
  expect(thereOn()).toEqual([["own"], [], []]);
  expect(await takeDownLeft(deps)).toEqual({ found: true, all: true });
  expect(thereOn()).toEqual([["own"], [], []]);
  expect((await deps.records.list()).size).toBe(0);
});

test("storage of another lab is told of, and stays on record", async () => {
  await setUpStorage(SPEC, await depsOf());
  const deps = await depsOf();
  const other = { ...deps, lab: create(LabSchema, { name: "other", agents: deps.lab.agents }) };
  expect(await takeDownLeft(other)).toEqual({ found: false, all: true });
  expect(deps.lines.join("\n")).toMatch(/left storage in lab bench/);
  expect(thereOn()).toEqual([["iscsi-t1"], [IQN], [IQN]]);
  expect((await deps.records.list()).size).toBe(1);
});

test.each([
  ["cut off", '{"scenario":'],
  ["of something else", "{}"],
  ["without its lab", '{"scenario":"iscsi","wanted":{"target":"target"}}'],
])("a record that is %s is told once with what to do, set aside, and keeps nothing else", async (_, text) => {
  await setUpStorage(SPEC, await depsOf());
  const file = join(folder, "data", "storage", "t0.json");
  await writeFile(file, text);
  const deps = await depsOf();
  expect(await takeDownLeft(deps)).toEqual({ found: true, all: true });
  const told = deps.lines.filter((line) => line.includes("t0.json"));
  expect(told).toEqual([
    expect.stringMatching(/^\S+t0\.json does not say what storage a study has made .*salvo lab apply/),
  ]);
  expect(thereOn()).toEqual(NOTHING);
  expect(await readFile(`${file}.damaged`, "utf8")).toBe(text);

  const again = await depsOf();
  expect(await takeDownLeft(again)).toEqual({ found: false, all: true });
  expect(again.lines).toEqual([]);
  // Nobody gets its tag: what it was of may still be there.
  expect(await again.records.tags()).toEqual(new Set(["t0"]));
});
