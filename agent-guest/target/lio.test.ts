import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type TargetSpec, TargetSpecSchema, Transport, VolumeKind } from "@salvo/proto/storage_pb.ts";
import { commandOf } from "@salvo/shared/agent/domain/provision/op.ts";
import { createProvisioner } from "@salvo/shared/agent/provision/provisioner.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Secrets } from "../provision/secrets.ts";
import { lookAtLio } from "./provider.ts";
import { type SimulatedLio, simulateLio } from "./simulated-lio.fixture.ts";

const maker = { lab: "lab", agent: "target" };
const secrets: Secrets = { read: (name) => `the secret ${name}`, fingerprint: (secret) => secret.slice(-1) };
const GROUP = "/sys/kernel/config/target/iscsi/iqn.2026-11.test.salvo:lab.target.x/tpgt_1";

type Fault = "before" | "after" | undefined;

function engine(host: SimulatedLio, made = memory(), faults: Fault[] = []) {
  const provisioner = createProvisioner({
    host: "target",
    name: "salvo.v1.TargetService",
    schema: TargetSpecSchema,
    provider: {
      look: async () => lookAtLio({ host, maker, folder: "/data/volumes" }, secrets),
      async perform(op) {
        const fault = faults.shift();
        if (fault === "before") throw new Error("refused on purpose");
        host.perform(op);
        if (fault === "after") throw new Error("lost on purpose");
      },
    },
    made,
    audit: { around: async (_, act) => act() },
  });
  const { plan, inspect } = provisioner;
  return {
    plan,
    inspect,
    stepsFor: async (spec: TargetSpec) => (await plan(spec)).steps.map(({ id }) => id),
    apply: async (spec: TargetSpec) => {
      const { hash } = await plan(spec);
      const signal = new AbortController().signal;
      return Array.fromAsync(provisioner.apply({ spec, hash, who: "me", signal }));
    },
  };
}

function memory() {
  let ids = new Set<string>();
  return { read: async () => new Set(ids), write: async (now: ReadonlySet<string>) => void (ids = new Set(now)) };
}

const RAM = { name: "ram0", kind: VolumeKind.RAM, sizeBytes: 2n ** 21n, sectorBytes: 4096 } as const;
const SMALL = { ...RAM, sectorBytes: 512 } as const;
const THIN = { name: "thin", kind: VolumeKind.FILE, sizeBytes: 2n ** 20n, sectorBytes: 512, thin: true } as const;
const PORTAL = { address: "10.0.0.1", port: 3260 } as const;
const X = {
  name: "x",
  transport: Transport.ISER,
  portals: [PORTAL],
  luns: [{ number: 0, volume: "ram0" }],
};
const NOTHING = create(TargetSpecSchema);
type Spec = MessageInitShape<typeof TargetSpecSchema>;
const specOf = (init: Spec) => create(TargetSpecSchema, init);

test("a RAM volume behind iSER, from a kernel that has nothing of it loaded: every command", async () => {
  const { plan } = engine(simulateLio());
  const { steps } = await plan(specOf({ volumes: [RAM], exports: [{ ...X, queueDepth: 32 }] }));
  expect(steps.flatMap(({ ops }) => ops.map(commandOf))).toMatchInlineSnapshot(`
    [
      "modprobe configfs",
      "mount -t configfs configfs /sys/kernel/config",
      "modprobe target_core_mod",
      "modprobe iscsi_target_mod",
      "modprobe ib_isert",
      "mkdir /sys/kernel/config/target/core/rd_mcp_7258",
      "mkdir /sys/kernel/config/target/iscsi",
      "mkdir /sys/kernel/config/target/core/rd_mcp_7258/lab.target.ram0",
      "echo -n rd_pages=512 > /sys/kernel/config/target/core/rd_mcp_7258/lab.target.ram0/control",
      "echo -n 54f96152b4a6c9f87b1c17a0181208cb > /sys/kernel/config/target/core/rd_mcp_7258/lab.target.ram0/wwn/vpd_unit_serial",
      "echo -n 1 > /sys/kernel/config/target/core/rd_mcp_7258/lab.target.ram0/enable",
      "echo -n 4096 > /sys/kernel/config/target/core/rd_mcp_7258/lab.target.ram0/attrib/block_size",
      "mkdir /sys/kernel/config/target/iscsi/iqn.2026-11.test.salvo:lab.target.x",
      "mkdir /sys/kernel/config/target/iscsi/iqn.2026-11.test.salvo:lab.target.x/tpgt_1",
      "echo -n 1 > /sys/kernel/config/target/iscsi/iqn.2026-11.test.salvo:lab.target.x/tpgt_1/attrib/generate_node_acls",
      "echo -n 1 > /sys/kernel/config/target/iscsi/iqn.2026-11.test.salvo:lab.target.x/tpgt_1/attrib/cache_dynamic_acls",
      "echo -n 0 > /sys/kernel/config/target/iscsi/iqn.2026-11.test.salvo:lab.target.x/tpgt_1/attrib/demo_mode_write_protect",
      "echo -n 0 > /sys/kernel/config/target/iscsi/iqn.2026-11.test.salvo:lab.target.x/tpgt_1/attrib/authentication",
      "echo -n 32 > /sys/kernel/config/target/iscsi/iqn.2026-11.test.salvo:lab.target.x/tpgt_1/attrib/default_cmdsn_depth",
      "mkdir /sys/kernel/config/target/iscsi/iqn.2026-11.test.salvo:lab.target.x/tpgt_1/lun/lun_0",
      "ln -s /sys/kernel/config/target/core/rd_mcp_7258/lab.target.ram0 /sys/kernel/config/target/iscsi/iqn.2026-11.test.salvo:lab.target.x/tpgt_1/lun/lun_0/volume",
      "mkdir /sys/kernel/config/target/iscsi/iqn.2026-11.test.salvo:lab.target.x/tpgt_1/np/10.0.0.1:3260",
      "echo -n 1 > /sys/kernel/config/target/iscsi/iqn.2026-11.test.salvo:lab.target.x/tpgt_1/np/10.0.0.1:3260/iser",
      "echo -n 1 > /sys/kernel/config/target/iscsi/iqn.2026-11.test.salvo:lab.target.x/tpgt_1/enable",
    ]
  `);
});

test("what it says of a LUN is what an initiator will find, and is known before it is there", async () => {
  const { apply, inspect, plan } = engine(simulateLio());
  const spec = specOf({ volumes: [RAM], exports: [X] });
  const serial = /echo -n (\w+) > \S+vpd_unit_serial/.exec(
    (await plan(spec)).steps.flatMap(({ ops }) => ops.map(commandOf)).join("\n"),
  )?.[1];
  await apply(spec);
  expect((await inspect()).shown.luns).toEqual([
    {
      export: "x",
      target: "iqn.2026-11.test.salvo:lab.target.x",
      transport: Transport.ISER,
      portals: [PORTAL],
      number: 0,
      volume: "ram0",
      wwn: `naa.6001405${serial?.slice(0, 25)}`,
      serial,
      sizeBytes: 2n ** 21n,
      sectorBytes: 4096,
    },
  ]);
});

test("queue depth, CHAP and who may log in are set in use; another size makes the volume and its LUN anew", async () => {
  const { apply, stepsFor } = engine(simulateLio());
  await apply(specOf({ volumes: [RAM], exports: [X] }));
  expect(await stepsFor(specOf({ volumes: [RAM], exports: [{ ...X, queueDepth: 8 }] }))).toEqual(["set target x"]);
  const chap = { user: "u", secret: "a" };
  await apply(specOf({ volumes: [RAM], exports: [{ ...X, chap }] }));
  expect(await stepsFor(specOf({ volumes: [RAM], exports: [{ ...X, chap }] }))).toEqual([]);
  expect(await stepsFor(specOf({ volumes: [RAM], exports: [{ ...X, chap: { user: "u", secret: "b" } }] }))).toEqual([
    "set target x",
  ]);
  expect(await stepsFor(specOf({ volumes: [{ ...RAM, sizeBytes: 2n ** 22n }], exports: [{ ...X, chap }] }))).toEqual([
    "remove opening x",
    "remove lun x/0",
    "remove volume ram0",
    "make volume ram0",
    "make lun x/0",
    "make opening x",
  ]);
});

test("who is listed sees the LUNs that are mapped to it", async () => {
  const host = simulateLio();
  const { apply } = engine(host);
  const chap = { user: "u", secret: "a" };
  await apply(specOf({ volumes: [RAM], exports: [{ ...X, initiators: ["iqn.2026-11.a:b"], chap, queueDepth: 8 }] }));
  const acl = `${GROUP}/acls/iqn.2026-11.a:b`;
  expect(host.readLink(`${acl}/lun_0/mapped`)).toMatch(/lun\/lun_0$/);
  expect([host.read(`${acl}/auth/password`), host.read(`${acl}/cmdsn_depth`)]).toEqual(["the secret a", "8"]);
  expect([host.read(`${GROUP}/auth/password`), host.read(`${GROUP}/attrib/generate_node_acls`)]).toEqual(["", "0"]);
});

test.each([
  ["RAM cannot be thin", { volumes: [{ ...RAM, thin: true }] }, "thin is for files"],
  ["sectors", { volumes: [{ ...RAM, sectorBytes: 1024 }] }, "512 or 4096"],
  ["no size", { volumes: [{ ...RAM, sizeBytes: 0n }] }, "has no size"],
  ["no such volume", { exports: [X] }, "volume ram0, which there is not"],
  ["one number twice", { volumes: [RAM], exports: [{ ...X, luns: [...X.luns, ...X.luns] }] }, "two LUNs of one number"],
  ["one portal twice", { volumes: [RAM], exports: [{ ...X, portals: [PORTAL, PORTAL] }] }, "the same portal twice"],
  ["no such NUMA node", { volumes: [{ ...RAM, numaNode: 7 }] }, "no NUMA node 7"],
  ["NVMe", { volumes: [RAM], exports: [{ ...X, transport: Transport.NVME_TCP }] }, "NVMe"],
])("refused before anything is done: %s", async (_, init, message) => {
  const host = simulateLio();
  const before = new Map(host.nodes);
  await expect(engine(host).apply(specOf(init as Spec))).rejects.toThrow(message);
  expect(host.nodes).toEqual(before);
});

/** A target and a volume that targetcli might have made, and a portal of somebody's in a target of ours is in the way. */
function othersOn(host: SimulatedLio): void {
  const core = "/sys/kernel/config/target/core/rd_mcp_0";
  host.perform({ type: "run", program: "modprobe", args: ["configfs"] });
  host.perform({ type: "run", program: "mount", args: [] });
  host.perform({ type: "run", program: "modprobe", args: ["iscsi_target_mod"] });
  const iqn = "/sys/kernel/config/target/iscsi/iqn.2003-01.org.linux-iscsi:theirs";
  for (const path of [core, `${core}/disk`, "/sys/kernel/config/target/iscsi", iqn, `${iqn}/tpgt_1`])
    host.perform({ type: "mkdir", path });
}

test("what others made is shown and stays", async () => {
  const host = simulateLio();
  othersOn(host);
  const before = new Map(host.nodes);
  const { apply, inspect } = engine(host);
  await apply(specOf({ volumes: [{ ...RAM }], exports: [{ ...X, transport: Transport.ISCSI }] }));
  const others = (await inspect()).items.filter(({ ours, shared }) => !ours && !shared).map(({ id }) => id);
  expect(others).toEqual(["volume rd_mcp_0/disk", "target iqn.2003-01.org.linux-iscsi:theirs"]);
  await apply(NOTHING);
  expect(host.nodes).toEqual(before);
});

test("a portal that somebody else put into a target of ours is in the way, and not removed", async () => {
  const host = simulateLio();
  const { apply } = engine(host);
  await apply(specOf({ volumes: [RAM], exports: [X] }));
  host.perform({ type: "mkdir", path: `${GROUP}/np/10.9.9.9:3260` });
  await expect(apply(NOTHING)).rejects.toMatchObject({ kind: "refused", message: expect.stringContaining("10.9.9.9") });
});

const VOLUME = fc.constantFrom(
  RAM,
  SMALL,
  { ...RAM, sizeBytes: 2n ** 22n },
  { ...RAM, numaNode: 0 },
  { ...THIN, name: "ram0" },
);
const EXPORT = fc.record({
  name: fc.constantFrom("x", "y"),
  transport: fc.constantFrom(Transport.ISER, Transport.ISCSI),
  portals: fc.constantFrom([PORTAL], [PORTAL, { address: "fd00::1", port: 3261 }]),
  luns: fc.constantFrom(
    [{ number: 0, volume: "ram0" }],
    [
      { number: 0, volume: "thin" },
      { number: 3, volume: "ram0" },
    ],
  ),
  initiators: fc.constantFrom([], ["iqn.2026-11.a:b"], ["iqn.2026-11.a:b", "iqn.2026-11.a:c"]),
  chap: fc.constantFrom(undefined, { user: "u", secret: "a" }, { user: "u", secret: "b" }),
  queueDepth: fc.constantFrom(0, 8),
});
const SPEC = fc
  .record({
    volume: VOLUME,
    exports: fc.uniqueArray(EXPORT, { selector: ({ name }) => name, maxLength: 2 }),
    none: fc.boolean(),
  })
  .map(({ volume, exports, none }) =>
    none && exports.length === 0
      ? NOTHING
      : specOf({
          volumes: [volume, THIN],
          exports: exports.map(({ chap, portals, luns, initiators, ...rest }) => ({
            ...rest,
            portals: [...portals],
            luns: [...luns],
            initiators: [...initiators],
            ...(chap && { chap }),
          })),
        }),
  );
test("whatever the first apply stops at, nothing is left when nothing is wanted, and all is there when all is", async () => {
  const initiators = ["iqn.2026-11.a:b"];
  const chap = { user: "u", secret: "a" };
  const full = specOf({ volumes: [SMALL, THIN], exports: [{ ...X, initiators, chap }] });
  const { steps } = await engine(simulateLio()).plan(full);
  const ops = steps.flatMap((step) => step.ops).length;
  expect(ops).toBeGreaterThan(35);
  for (let at = 0; at < ops; at++)
    for (const fault of ["before", "after"] as const)
      for (const last of [NOTHING, full]) {
        const host = simulateLio();
        const made = memory();
        await expect(engine(host, made, [...Array<Fault>(at), fault]).apply(full)).rejects.toThrow("on purpose");
        const { apply, stepsFor } = engine(host, made);
        await apply(last);
        expect(await stepsFor(last), `${at} ${fault}`).toEqual([]);
        await apply(NOTHING);
        expect(leftOn(host, simulateLio().nodes), `${at} ${fault}`).toEqual([]);
      }
});

/** What no destroy takes away: modules, and what comes with them. */
function leftOn(host: SimulatedLio, before: ReadonlyMap<string, unknown>): string[] {
  const stays = /^\/sys\/module\/|^\/sys\/kernel\/config(\/target(\/core(\/alua)?)?)?$|^\/data\/volumes$/;
  return [...host.nodes.keys()].filter((path) => !before.has(path) && !stays.test(path));
}

/** An apply stops at its first fault: where that is, from 0. */
const FAULT = fc.record({ at: fc.nat(80), fault: fc.constantFrom<Fault[]>("before", "after") });

test("whatever fails at whatever write, the next plan completes it, and nothing of others changes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(SPEC, FAULT), { maxLength: 4 }),
      SPEC,
      fc.boolean(),
      async (before, last, others) => {
        const host = simulateLio();
        if (others) othersOn(host);
        const untouched = new Map(host.nodes);
        const made = memory();
        for (const [spec, { at, fault }] of before)
          await engine(host, made, [...Array<Fault>(at), fault])
            .apply(spec)
            .catch((error: Error) => expect(error.message).toMatch(/on purpose/));
        const { apply, stepsFor } = engine(host, made);
        await apply(last);
        expect(await stepsFor(last)).toEqual([]);
        await apply(NOTHING);
        expect(leftOn(host, untouched)).toEqual([]);
        if (others) for (const [path, node] of untouched) expect([path, host.nodes.get(path)]).toEqual([path, node]);
      },
    ),
    { numRuns: 150 },
  );
});
