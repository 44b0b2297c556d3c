/** StarWind by plan and apply, on a simulated host. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type TargetSpecSchema, Transport } from "@salvo/proto/storage_pb.ts";
import { loadLab } from "@salvo/shared/config/files.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { starWindWorld, type StarWindWorld } from "../../testbed/windows-sim/starwind.ts";
import type { Fault } from "../powershell/in-process.fixture.ts";
import { CFG, engine, IMAGE, NOTHING, PORTAL, RAM, specOf, X } from "./target.fixture.ts";

const root = mkdtempSync(join(tmpdir(), "salvo-windows-target-"));
afterAll(() => rmSync(root, { recursive: true }));
const inFolder = () => ({ folder: mkdtempSync(join(root, "agent-")) });

const ONE = specOf({ volumes: [RAM], exports: [X] });

/** What there is, without the numbers that StarWind counts on. */
const leftOf = ({ devices, targets, iser }: StarWindWorld) => ({
  devices: devices.map(({ type, bytes, sector, target, lun }) => ({ type, bytes, sector, target, lun })),
  targets: targets.map(({ name }) => name),
  iser,
});

async function exampleSpec() {
  const { message: lab } = await loadLab(join(import.meta.dirname, "../../labs/starwind-target.yaml"));
  const [target] = lab.storage?.targets ?? [];
  return specOf({ volumes: target?.volumes ?? [], exports: target?.exports ?? [] });
}

test("labs/starwind-target.yaml: plan, apply, an empty second apply, and nothing left after it is taken down", async () => {
  const spec = await exampleSpec();
  const { apply, stepsFor, commandsFor, inspect, world, changes } = engine(inFolder());
  const before = leftOf(world);
  expect((await commandsFor(spec)).join("\n")).not.toContain("open barley");
  expect(await stepsFor(spec)).toEqual([
    "make volume disk32",
    "make volume cache2",
    "make iser 10.0.0.10",
    "make target disk32",
    "make target cache2",
  ]);
  await apply(spec);
  expect(changes.find(({ script }) => script === "starwind-image")?.parameters).toMatchObject({
    Folder: "My Computer\\R\\salvo",
    Name: "salvo-lab-san1-disk32",
    SizeMegabytes: 32_768,
    SectorBytes: 512,
    Node: 0,
  });
  expect(await stepsFor(spec)).toEqual([]);
  const { luns } = (await inspect()).shown;
  expect(luns).toMatchObject([
    {
      export: "disk32",
      transport: Transport.ISER,
      number: 0,
      wwn: expect.stringMatching(/^eui\.[0-9a-f]{16}$/),
      sizeBytes: 2n ** 35n,
      sectorBytes: 512,
    },
    { export: "cache2", target: "iqn.2026-11.test.salvo:lab.san1.cache2", transport: Transport.ISCSI },
  ]);
  await apply(NOTHING);
  expect(leftOf(world)).toEqual(before);
});

test("two volumes are LUN 0 and 1 of one target; another size makes a volume and its target anew", async () => {
  const { apply, stepsFor, world } = engine(inFolder());
  const luns = [
    { number: 0, volume: "disk0" },
    { number: 1, volume: "ram0" },
  ];
  await apply(specOf({ volumes: [RAM, IMAGE], exports: [{ ...X, luns }] }));
  expect(leftOf(world).devices.map(({ type, lun }) => [type, lun])).toEqual([
    ["RAM disk", "1"],
    ["Image file", "0"],
  ]);
  const larger = specOf({ volumes: [{ ...RAM, sizeBytes: 2n ** 23n }, IMAGE], exports: [{ ...X, luns }] });
  expect(await stepsFor(larger)).toEqual([
    "remove target x",
    "remove volume ram0",
    "make volume ram0",
    "make target x",
  ]);
});

test("iSER: addresses of others stay, and a value of another form is left alone", async () => {
  const world = { ...starWindWorld(), iser: "10.0.0.11" };
  const { apply } = engine({ ...inFolder(), world });
  await apply(ONE);
  expect(world.iser).toBe("10.0.0.11,10.0.0.10");
  await apply(NOTHING);
  expect(world.iser).toBe("10.0.0.11");
  const strange = engine({ ...inFolder(), world: { ...starWindWorld(), iser: "yes" } });
  await expect(strange.stepsFor(ONE)).rejects.toThrow('iSerListen is "yes"');
  const deaf = engine({ ...inFolder(), world: { ...starWindWorld(), ignoresIser: true } });
  await expect(deaf.apply(ONE)).rejects.toThrow('iSerListen is "" and not "10.0.0.10"');
});

test("the targets' node is set in StarWind.cfg once, with the service running afterwards", async () => {
  const { apply, stepsFor, cfg, world } = engine({ ...inFolder(), starWind: { targetsNode: 1 }, cfg: CFG });
  expect(await stepsFor(ONE)).toContain("make targets on NUMA node 1");
  await apply(ONE);
  expect([cfg(), world.service]).toEqual([CFG.replace("<targets>", '<targets node="1">'), "Running"]);
  expect(await stepsFor(ONE)).toEqual([]);
});

test("StarRAMService is put on its node, and again when its process is another", async () => {
  const { apply, stepsFor, masks, world } = engine({ ...inFolder(), starWind: { ramDiskNode: 0 } });
  await apply(ONE);
  expect([...masks]).toEqual([[4711, 0xffn]]);
  expect(await stepsFor(ONE)).toEqual([]);
  world.ramDisk = [4712];
  expect(await stepsFor(ONE)).toEqual(["make StarRAMService on NUMA node 0"]);
});

test.each([
  ["NUMA is not known", { nodes: undefined }, "Windows tells no processors of NUMA node 0"],
  ["it has no such node", { nodes: [{ node: 1, group: 0, mask: 1n }] }, "Windows tells no processors of NUMA node 0"],
  [
    "there are two processor groups",
    { nodes: [0, 1].map((node) => ({ node, group: node, mask: 1n })) },
    "several processor groups",
  ],
])("when %s, nothing is pinned", async (_, more, message) => {
  const { apply, masks } = engine({ ...inFolder(), starWind: { ramDiskNode: 0 }, ...more });
  await expect(apply(ONE)).rejects.toMatchObject({ kind: "refused", message: expect.stringContaining(message) });
  expect(masks.size).toBe(0);
});

test.each<[string, MessageInitShape<typeof TargetSpecSchema>, string]>([
  ["a raw disk", { volumes: [{ ...RAM, kind: 3, device: "lun0" }] }, "on StarWind, volumes are ram or file"],
  ["thin", { volumes: [{ ...IMAGE, thin: true }] }, "cannot be thin"],
  ["not of whole MiB", { volumes: [{ ...RAM, sizeBytes: 2n ** 20n + 512n }] }, "no whole number of MiB"],
  ["memory on a node", { volumes: [{ ...RAM, numaNode: 0 }] }, "takes a NUMA node only for a file"],
  ["NVMe", { volumes: [RAM], exports: [{ ...X, transport: Transport.NVME_TCP }] }, "StarWind exports iscsi and iser"],
  ["a queue depth", { volumes: [RAM], exports: [{ ...X, queueDepth: 8 }] }, "cannot set on StarWind"],
  ["a gap in LUNs", { volumes: [RAM], exports: [{ ...X, luns: [{ number: 1, volume: "ram0" }] }] }, "LUNs 0, 1, 2"],
  ["an unknown volume", { volumes: [], exports: [X] }, "which does not exist"],
  ["a volume twice", { volumes: [RAM], exports: [X, { ...X, name: "y" }] }, "which another export has"],
  [
    "a portal elsewhere",
    { volumes: [RAM], exports: [{ ...X, portals: [{ ...PORTAL, address: "10.9.9.9" }] }] },
    "StarWind does not listen there",
  ],
])("%s is refused before anything is done", async (_, spec, message) => {
  const { stepsFor, changes } = engine(inFolder());
  await expect(stepsFor(specOf(spec))).rejects.toThrow(message);
  expect(changes).toEqual([]);
});

test("without its section, a private file, a running service or its EUI-64 nothing is guessed", async () => {
  await expect(engine({ ...inFolder(), starWind: undefined }).inspect()).rejects.toThrow("says nothing of StarWind");
  await expect(engine({ ...inFolder(), allowed: ["S-1-1-0"] }).inspect()).rejects.toThrow(
    "other accounts may use this",
  );
  const stopped = engine({ ...inFolder(), world: { ...starWindWorld(), service: "Stopped" } });
  await expect(stopped.stepsFor(ONE)).rejects.toThrow("StarWindService does not run");
  const other = engine({ ...inFolder(), world: { ...starWindWorld(), password: "another" } });
  await expect(other.inspect()).rejects.toThrow("does not let this user in");
  const silent = engine({ ...inFolder(), world: { ...starWindWorld(), tellsNoEui: true } });
  await expect(silent.apply(ONE)).rejects.toThrow("does not tell the EUI-64 of its device ramdisk1");
  const hidden = engine({ ...inFolder(), world: { ...starWindWorld(), hidesTypes: true } });
  await expect(hidden.apply(ONE)).rejects.toThrow("does not tell the types of devices");
});

test("a device of others with the same size is never taken for one that was not finished", async () => {
  const world = starWindWorld();
  const place = inFolder();
  await expect(engine({ ...place, world, faults: ["before"] }).apply(ONE)).rejects.toThrow("on purpose");
  // Somebody makes one meanwhile, and exports it.
  await engine({ ...inFolder(), world }).apply(
    specOf({
      volumes: [{ ...RAM, name: "theirs" }],
      exports: [{ ...X, name: "theirs", luns: [{ number: 0, volume: "theirs" }], portals: [PORTAL] }],
    }),
  );
  const theirs = leftOf(world);
  const next = engine({ ...place, world });
  await next.apply(NOTHING);
  expect(leftOf(world).devices).toEqual(theirs.devices);
});

test("whatever script fails, the next apply makes all, and nothing is left after it is taken away", async () => {
  const spec = specOf({
    volumes: [RAM, IMAGE],
    exports: [
      {
        ...X,
        portals: [PORTAL],
        luns: [
          { number: 0, volume: "ram0" },
          { number: 1, volume: "disk0" },
        ],
      },
    ],
  });
  const undisturbed = engine({ ...inFolder(), starWind: { targetsNode: 1 }, cfg: CFG });
  await undisturbed.apply(spec);
  const wanted = leftOf(undisturbed.world);
  const count = undisturbed.changes.length;
  expect(count).toBeGreaterThan(4);
  for (let at = 0; at < count; at++)
    for (const fault of ["before", "after"] as const) {
      const world = starWindWorld();
      const before = leftOf(world);
      const place = { ...inFolder(), world, starWind: { targetsNode: 1 } };
      const faults = [...Array<Fault>(at), fault];
      await expect(engine({ ...place, cfg: CFG, faults }).apply(spec)).rejects.toThrow("on purpose");
      world.service = "Running"; // as a person does whom the message tells
      const next = engine(place);
      await next.apply(spec);
      expect.soft(await next.stepsFor(spec), `${fault} ${at}`).toEqual([]);
      expect.soft(leftOf(world), `${fault} ${at}`).toEqual(wanted);
      await next.apply(NOTHING);
      expect.soft(leftOf(world), `${fault} ${at}`).toEqual(before);
    }
});
