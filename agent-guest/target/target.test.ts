import { type TargetSpec, Transport } from "@salvo/proto/storage_pb.ts";
import { expect, test } from "vitest";
import { simulateKernel } from "./simulated-kernel.fixture.ts";
import {
  GROUP,
  LOCAL,
  NOTHING,
  NVME,
  PORTAL,
  RAM,
  RAW,
  type Spec,
  THIN,
  X,
  engine,
  othersOn,
  specOf,
} from "./target.fixture.ts";

test("a RAM volume behind iSER, from a kernel that has nothing of it loaded: every command", async () => {
  const { plan } = engine(simulateKernel());
  const { steps } = await plan(specOf({ volumes: [RAM], exports: [{ ...X, queueDepth: 32 }] }));
  expect(steps.flatMap(({ commands }) => commands)).toMatchInlineSnapshot(`
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

test("what it says of a LUN is what an initiator will find", async () => {
  const { apply, inspect, plan } = engine(simulateKernel());
  const spec = specOf({ volumes: [RAM], exports: [X] });
  const serial = /echo -n (\w+) > \S+vpd_unit_serial/.exec(
    (await plan(spec)).steps.flatMap(({ commands }) => commands).join("\n"),
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
  const { apply, stepsFor } = engine(simulateKernel());
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
  const host = simulateKernel();
  const { apply } = engine(host);
  const chap = { user: "u", secret: "a" };
  await apply(specOf({ volumes: [RAM], exports: [{ ...X, initiators: ["iqn.2026-11.a:b"], chap, queueDepth: 8 }] }));
  const acl = `${GROUP}/acls/iqn.2026-11.a:b`;
  expect(host.readLink(`${acl}/lun_0/mapped`)).toMatch(/lun\/lun_0$/);
  expect([host.read(`${acl}/auth/password`), host.read(`${acl}/cmdsn_depth`)]).toEqual(["the secret a", "8"]);
  expect([host.read(`${GROUP}/auth/password`), host.read(`${GROUP}/attrib/generate_node_acls`)]).toEqual(["", "0"]);
});

test("a module that the kernel does not have is told before anything is done", async () => {
  const host = simulateKernel("configfs target_core_mod iscsi_target_mod");
  await expect(engine(host).plan(specOf({ volumes: [RAM], exports: [X] }))).rejects.toMatchObject({
    kind: "refused",
    host: "target",
    message: "the kernel here (6.1.0) has no module ib_isert",
  });
});

/** Commands of the pieces that are made, without the folders of the kernel's. */
async function commandsFor(spec: TargetSpec): Promise<string> {
  const { steps } = await engine(simulateKernel()).plan(spec);
  return steps
    .flatMap(({ commands }) => commands)
    .join("\n")
    .replaceAll("/sys/kernel/config", "");
}

test("a RAM volume over NVMe/RDMA, to one host alone: every command", async () => {
  const initiators = ["nqn.2026-11.a:b"];
  expect(await commandsFor(specOf({ volumes: [RAM], exports: [{ ...NVME, initiators }] }))).toMatchInlineSnapshot(`
    "modprobe configfs
    mount -t configfs configfs 
    modprobe null_blk nr_devices=0
    modprobe nvmet
    modprobe nvmet_rdma
    mkdir /nullb/578882.ram0
    echo -n 2 > /nullb/578882.ram0/size
    echo -n 4096 > /nullb/578882.ram0/blocksize
    echo -n 1 > /nullb/578882.ram0/memory_backed
    echo -n 1 > /nullb/578882.ram0/power
    mkdir /nvmet/subsystems/nqn.2026-11.test.salvo:lab.target.x
    echo -n edd681207c606bdc15d2 > /nvmet/subsystems/nqn.2026-11.test.salvo:lab.target.x/attr_serial
    echo -n 0 > /nvmet/subsystems/nqn.2026-11.test.salvo:lab.target.x/attr_allow_any_host
    mkdir /nvmet/subsystems/nqn.2026-11.test.salvo:lab.target.x/namespaces/1
    echo -n /dev/578882.ram0 > /nvmet/subsystems/nqn.2026-11.test.salvo:lab.target.x/namespaces/1/device_path
    echo -n 54f96152-b4a6-c9f8-7b1c-17a0181208cb > /nvmet/subsystems/nqn.2026-11.test.salvo:lab.target.x/namespaces/1/device_uuid
    echo -n 1 > /nvmet/subsystems/nqn.2026-11.test.salvo:lab.target.x/namespaces/1/enable
    mkdir /nvmet/hosts/nqn.2026-11.a:b
    ln -s /nvmet/hosts/nqn.2026-11.a:b /nvmet/subsystems/nqn.2026-11.test.salvo:lab.target.x/allowed_hosts/nqn.2026-11.a:b
    mkdir /nvmet/ports/45397
    echo -n ipv4 > /nvmet/ports/45397/addr_adrfam
    echo -n rdma > /nvmet/ports/45397/addr_trtype
    echo -n 10.0.0.1 > /nvmet/ports/45397/addr_traddr
    echo -n 3260 > /nvmet/ports/45397/addr_trsvcid
    ln -s /nvmet/subsystems/nqn.2026-11.test.salvo:lab.target.x /nvmet/ports/45397/subsystems/nqn.2026-11.test.salvo:lab.target.x"
  `);
});

test("a raw disk over NVMe/TCP, and one as a disk of this host: every command", async () => {
  const over = { ...NVME, transport: Transport.NVME_TCP, luns: [{ number: 1, volume: "disk0" }] };
  expect(await commandsFor(specOf({ volumes: [RAW], exports: [over] }))).toMatchInlineSnapshot(`
    "modprobe configfs
    mount -t configfs configfs 
    modprobe nvmet
    modprobe nvmet_tcp
    modprobe dm_mod
    dmsetup create salvo-524bd294957a --verifyudev --uuid SALVO-lab.target.disk0.raw0 --table '0 4096 linear NUMBER 2048' # NUMBER: of raw0, if the disk guard lets it pass
    mkdir /nvmet/subsystems/nqn.2026-11.test.salvo:lab.target.x
    echo -n edd681207c606bdc15d2 > /nvmet/subsystems/nqn.2026-11.test.salvo:lab.target.x/attr_serial
    echo -n 1 > /nvmet/subsystems/nqn.2026-11.test.salvo:lab.target.x/attr_allow_any_host
    mkdir /nvmet/subsystems/nqn.2026-11.test.salvo:lab.target.x/namespaces/1
    echo -n /dev/mapper/salvo-524bd294957a > /nvmet/subsystems/nqn.2026-11.test.salvo:lab.target.x/namespaces/1/device_path
    echo -n 8ffcf67c-ea1b-3cee-0c8f-4c89367155df > /nvmet/subsystems/nqn.2026-11.test.salvo:lab.target.x/namespaces/1/device_uuid
    echo -n 1 > /nvmet/subsystems/nqn.2026-11.test.salvo:lab.target.x/namespaces/1/enable
    mkdir /nvmet/ports/59172
    echo -n ipv4 > /nvmet/ports/59172/addr_adrfam
    echo -n tcp > /nvmet/ports/59172/addr_trtype
    echo -n 10.0.0.1 > /nvmet/ports/59172/addr_traddr
    echo -n 3260 > /nvmet/ports/59172/addr_trsvcid
    ln -s /nvmet/subsystems/nqn.2026-11.test.salvo:lab.target.x /nvmet/ports/59172/subsystems/nqn.2026-11.test.salvo:lab.target.x"
  `);
  const local = { ...LOCAL, luns: [{ number: 0, volume: "disk0" }] };
  expect(await commandsFor(specOf({ volumes: [RAW], exports: [local] }))).toMatchInlineSnapshot(`
    "modprobe configfs
    mount -t configfs configfs 
    modprobe target_core_mod
    modprobe target_core_iblock
    modprobe tcm_loop
    modprobe dm_mod
    mkdir /target/core/iblock_7258
    mkdir /target/loopback
    dmsetup create salvo-524bd294957a --verifyudev --uuid SALVO-lab.target.disk0.raw0 --table '0 4096 linear NUMBER 2048' # NUMBER: of raw0, if the disk guard lets it pass
    mkdir /target/core/iblock_7258/lab.target.disk0
    echo -n udev_path=/dev/mapper/salvo-524bd294957a > /target/core/iblock_7258/lab.target.disk0/control
    echo -n 8ffcf67cea1b3cee0c8f4c89367155df > /target/core/iblock_7258/lab.target.disk0/wwn/vpd_unit_serial
    echo -n 1 > /target/core/iblock_7258/lab.target.disk0/enable
    mkdir /target/loopback/naa.5001405e81392d71
    mkdir /target/loopback/naa.5001405e81392d71/tpgt_1
    echo -n naa.5001405e8139b3dd > /target/loopback/naa.5001405e81392d71/tpgt_1/nexus
    mkdir /target/loopback/naa.5001405e81392d71/tpgt_1/lun/lun_0
    ln -s /target/core/iblock_7258/lab.target.disk0 /target/loopback/naa.5001405e81392d71/tpgt_1/lun/lun_0/x"
  `);
});

test.each([
  ["iSCSI", { ...X, transport: Transport.ISCSI }, Transport.ISCSI],
  ["NVMe/TCP", { ...NVME, transport: Transport.NVME_TCP }, Transport.NVME_TCP],
  ["NVMe/RDMA, the second", { ...NVME, luns: [{ number: 2, volume: "ram0" }] }, Transport.NVME_RDMA],
  ["this host", LOCAL, Transport.LOCAL],
])("what %s reports of a LUN is its export's name and what was said of it", async (_, each, transport) => {
  const { apply, inspect } = engine(simulateKernel());
  await apply(specOf({ volumes: [RAM], exports: [each] }));
  const number = each.luns[0]?.number ?? 0;
  const [lun, ...more] = (await inspect()).shown.luns;
  expect(more).toEqual([]);
  expect(lun).toMatchObject({
    export: "x",
    transport,
    portals: each.portals,
    number,
    volume: "ram0",
    sizeBytes: 2n ** 21n,
    sectorBytes: 4096,
  });
});

test("a plan tells which LUNs it leaves as they are", async () => {
  const { apply, plan } = engine(simulateKernel());
  const both = {
    volumes: [RAM, { ...RAM, name: "ram1" }],
    exports: [X, { ...X, name: "y", luns: [{ number: 0, volume: "ram1" }] }],
  };
  await apply(specOf(both));
  const kept = async (spec: Spec) =>
    (await plan(specOf(spec))).kept.luns.map(({ export: name, number }) => [name, number]);
  const [x, y] = [
    ["x", 0],
    ["y", 0],
  ];
  expect(await kept(both)).toEqual([x, y]);
  expect(await kept({ ...both, exports: [X] })).toEqual([x]);
  expect(await kept({ ...both, volumes: [{ ...RAM, sizeBytes: 2n ** 22n }, both.volumes[1]!] })).toEqual([y]);
  // Its portal is made anew, and with that its opening: whoever is logged in loses it.
  expect(await kept({ ...both, exports: [{ ...X, transport: Transport.ISCSI }, both.exports[1]!] })).toEqual([y]);
  // What is set in use, and what comes besides, is in nobody's way.
  expect(await kept({ ...both, exports: [{ ...X, queueDepth: 8 }, both.exports[1]!] })).toEqual([x, y]);
  expect(
    await kept({ ...both, exports: [{ ...X, luns: [...X.luns, { number: 1, volume: "ram1" }] }, both.exports[1]!] }),
  ).toEqual([x, y]);
});

test("a port that there is is shared, and stays with whom it is of", async () => {
  const host = simulateKernel();
  for (const module of ["configfs", "nvmet", "nvmet_tcp", "nvmet_rdma"])
    host.perform({ type: "run", program: "modprobe", args: [module] });
  const port = "/sys/kernel/config/nvmet/ports/5";
  host.perform({ type: "mkdir", path: port });
  for (const [file, value] of Object.entries({ trtype: "rdma", traddr: "10.0.0.1", trsvcid: "3260", adrfam: "ipv4" }))
    host.perform({ type: "write", path: `${port}/addr_${file}`, value });
  const { apply } = engine(host);
  await apply(specOf({ volumes: [RAM], exports: [NVME] }));
  expect(host.readLink(`${port}/subsystems/nqn.2026-11.test.salvo:lab.target.x`)).toBeDefined();
  await apply(NOTHING);
  expect(host.read(`${port}/addr_traddr`)).toBe("10.0.0.1");
});

test.each([
  ["RAM cannot be thin", { volumes: [{ ...RAM, thin: true }] }, "only a file gives space back"],
  ["sectors", { volumes: [{ ...RAM, sectorBytes: 1024 }] }, "512 or 4096"],
  ["no size", { volumes: [{ ...RAM, sizeBytes: 0n }] }, "has no size"],
  ["no such volume", { exports: [X] }, "volume ram0, which does not exist"],
  ["one number twice", { volumes: [RAM], exports: [{ ...X, luns: [...X.luns, ...X.luns] }] }, "two LUNs of one number"],
  ["one portal twice", { volumes: [RAM], exports: [{ ...X, portals: [PORTAL, PORTAL] }] }, "the same portal twice"],
  ["no such NUMA node", { volumes: [{ ...RAM, numaNode: 7 }] }, "no NUMA node 7"],
  ["no portal", { volumes: [RAM], exports: [{ ...X, portals: [] }] }, "has no portal"],
  [
    "local with portals",
    { volumes: [RAM], exports: [{ ...X, transport: Transport.LOCAL }] },
    "is local, and has portals",
  ],
  [
    "local with CHAP",
    { volumes: [RAM], exports: [{ ...LOCAL, chap: { user: "u", secret: "a" } }] },
    "is local: nobody logs in",
  ],
  ["NVMe from 0", { volumes: [RAM], exports: [{ ...NVME, luns: X.luns }] }, "NVMe counts from 1"],
  [
    "NVMe with CHAP",
    { volumes: [RAM], exports: [{ ...NVME, chap: { user: "u", secret: "a" } }] },
    "works only with iSCSI and iSER",
  ],
  ["NVMe with a queue depth", { volumes: [RAM], exports: [{ ...NVME, queueDepth: 8 }] }, "the initiator sets it"],
  ["RAM for NVMe of half a MiB", { volumes: [{ ...RAM, sizeBytes: 2n ** 19n }], exports: [NVME] }, "whole MiB"],
  [
    "RAM for NVMe of a long name",
    {
      volumes: [{ ...RAM, name: "a".repeat(25) }],
      exports: [{ ...NVME, luns: [{ number: 1, volume: "a".repeat(25) }] }],
    },
    "more than the 24 characters",
  ],
  ["a file for NVMe", { volumes: [{ ...THIN, name: "ram0" }], exports: [NVME] }, "in sectors of 4096 bytes"],
  [
    "one volume of two kinds of target",
    { volumes: [RAM], exports: [X, { ...NVME, name: "y" }] },
    "keeps those of NVMe apart",
  ],
  ["a disk that is not listed", { volumes: [{ ...RAW, device: "raw1" }] }, "device raw1 is not listed"],
  ["a disk that is a file", { volumes: [{ ...RAW, device: "file0" }] }, "device file0 is a file"],
  ["a disk with a size", { volumes: [{ ...RAW, sizeBytes: 2n ** 20n }] }, "size must not be given"],
  ["RAM with a device", { volumes: [{ ...RAM, device: "raw0" }] }, "is no disk"],
])("refused before anything is done: %s", async (_, init, message) => {
  const host = simulateKernel();
  const before = new Map(host.nodes);
  await expect(engine(host).apply(specOf(init as Spec))).rejects.toThrow(message);
  expect(host.nodes).toEqual(before);
});

/** A target and a volume that targetcli might have made, and a portal of somebody's in a target of ours is in the way. */
test("what others made is shown and stays", async () => {
  const host = simulateKernel();
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
  const host = simulateKernel();
  const { apply } = engine(host);
  await apply(specOf({ volumes: [RAM], exports: [X] }));
  host.perform({ type: "mkdir", path: `${GROUP}/np/10.9.9.9:3260` });
  await expect(apply(NOTHING)).rejects.toMatchObject({ kind: "refused", message: expect.stringContaining("10.9.9.9") });
});
