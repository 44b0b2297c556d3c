import { inspect as shown } from "node:util";
import { Multipath, Transport } from "@salvo/proto/storage_pb.ts";
import { expect, test } from "vitest";
import { NOTHING, NVME, PORTAL, SECRET, X, attachmentTo, engine, leftOn, specOf } from "./initiator.fixture.ts";
import { simulateInitiator } from "./simulated-initiator.fixture.ts";

const CHAP = { user: "guest1", secret: "chap" };
const RECORD = `/etc/iscsi/nodes/${X.name}/10.0.0.1,3260`;

test("one session, on a host that has nothing of it loaded: every command", async () => {
  const { commandsFor } = engine(simulateInitiator([X]));
  const commands = await commandsFor(specOf(attachmentTo(X)));
  expect(commands.join("\n").replaceAll(X.name, "X")).toMatchInlineSnapshot(`
    "modprobe sd_mod
    modprobe iscsi_tcp
    iscsid # and wait until iscsid listens
    iscsiadm -m discovery -t sendtargets -p 10.0.0.1:3260 -I default -o nonpersistent | grep -e ' X$'
    iscsiadm -m node -T X -p 10.0.0.1:3260 -I default -o new
    iscsiadm -m node -T X -p 10.0.0.1:3260 -o update -n node.startup -v manual
    iscsiadm -m node -T X -p 10.0.0.1:3260 -o update -n node.session.timeo.replacement_timeout -v 30
    iscsiadm -m node -T X -p 10.0.0.1:3260 -o update -n node.session.nr_sessions -v 1
    iscsiadm -m node -T X -p 10.0.0.1:3260 -o update -n node.session.queue_depth -v 32
    iscsiadm -m node -T X -p 10.0.0.1:3260 -o update -n node.session.cmds_max -v 128
    iscsiadm -m node -T X -p 10.0.0.1:3260 -I default --login
    iscsiadm -m node -T X -p 10.0.0.1:3260 --rescan
    # wait for the disk of LUN 0 of X (naa.6001405f00000000000000000000000, 2097152 B), and for nothing else
    # take disk 1 of LUN 0 of X (naa.6001405f00000000000000000000000, 2097152 B) as the device lun0, if the disk guard finds it blank"
  `);
});

test("three sessions with CHAP and a queue depth as one disk: every command but the modules'", async () => {
  const { commandsFor } = engine(simulateInitiator([X]));
  const commands = await commandsFor(specOf(attachmentTo(X, { sessions: 3, chap: CHAP, queueDepth: 200 })));
  const others = commands.filter((each) => !each.startsWith("modprobe"));
  expect(others.join("\n").replaceAll(X.name, "X")).toMatchInlineSnapshot(`
    "iscsid # and wait until iscsid listens
    iscsiadm -m discovery -t sendtargets -p 10.0.0.1:3260 -I default -o nonpersistent | grep -e ' X$'
    iscsiadm -m node -T X -p 10.0.0.1:3260 -I default -o new
    iscsiadm -m node -T X -p 10.0.0.1:3260 -o update -n node.startup -v manual
    iscsiadm -m node -T X -p 10.0.0.1:3260 -o update -n node.session.timeo.replacement_timeout -v 30
    iscsiadm -m node -T X -p 10.0.0.1:3260 -o update -n node.session.nr_sessions -v 3
    iscsiadm -m node -T X -p 10.0.0.1:3260 -o update -n node.session.queue_depth -v 200
    iscsiadm -m node -T X -p 10.0.0.1:3260 -o update -n node.session.cmds_max -v 256
    iscsiadm -m node -T X -p 10.0.0.1:3260 -o update -n node.session.auth.authmethod -v CHAP
    iscsiadm -m node -T X -p 10.0.0.1:3260 -o update -n node.session.auth.username -v guest1
    echo "node.session.auth.password = $(head -n 1 secrets/chap)" >> /etc/iscsi/nodes/X/10.0.0.1,3260
    iscsiadm -m node -T X -p 10.0.0.1:3260 -I default --login
    iscsiadm -m node -T X -p 10.0.0.1:3260 --rescan
    # wait for 3 disks of LUN 0 of X (naa.6001405f00000000000000000000000, 2097152 B), and for nothing else
    dmsetup create salvo-naa.6001405f00000000000000000000000 --uuid mpath-salvo-service-time-naa.6001405f00000000000000000000000 --table '0 4096 multipath 0 0 1 1 service-time 0 ...' # of all disks of LUN 0 of X (naa.6001405f00000000000000000000000, 2097152 B)
    # take the map of LUN 0 of X (naa.6001405f00000000000000000000000, 2097152 B) as the device lun0, if the disk guard finds it blank"
  `);
});

test("NVMe over TCP by two controllers: every command", async () => {
  const { commandsFor } = engine(simulateInitiator([NVME]));
  const commands = await commandsFor(specOf(attachmentTo(NVME, { sessions: 2, queueDepth: 16 })));
  expect(commands.join("\n").replaceAll(NVME.name, "N")).toMatchInlineSnapshot(`
    "modprobe nvme_tcp
    echo -n transport=tcp,traddr=10.0.0.1,trsvcid=4420,nqn=N,hostnqn=nqn.2014-08.org.nvmexpress:uuid:f00,hostid=f00,reconnect_delay=2,ctrl_loss_tmo=30,queue_size=16,duplicate_connect > /dev/nvme-fabrics
    echo -n transport=tcp,traddr=10.0.0.1,trsvcid=4420,nqn=N,hostnqn=nqn.2014-08.org.nvmexpress:uuid:f00,hostid=f00,reconnect_delay=2,ctrl_loss_tmo=30,queue_size=16,duplicate_connect > /dev/nvme-fabrics
    # wait for the disk of LUN 1 of N (uuid.e0000000-0000-0000-0000-000000000001, 2097152 B), and for nothing else
    # take disk 1 of LUN 1 of N (uuid.e0000000-0000-0000-0000-000000000001, 2097152 B) as the device lun0, if the disk guard finds it blank
    # wait for the disk of LUN 2 of N (uuid.e0000000-0000-0000-0000-000000000002, 2097152 B), and for nothing else"
  `);
});

const V6 = { ...X, portals: ["10.0.0.1:3260", "[fd00::1]:3261"] };

test.each([
  ["one session", X, {}, ["tcp session1 sda"], ["sda"]],
  ["iSER", X, { transport: Transport.ISER }, ["iser session1 sda"], ["sda"]],
  [
    "three sessions in one map",
    X,
    { sessions: 3 },
    ["tcp session1 sda of dm-0", "tcp session2 sdb of dm-0", "tcp session3 sdc of dm-0"],
    ["dm-0"],
  ],
  [
    "three sessions, each with a disk",
    X,
    { sessions: 3, multipath: Multipath.NONE },
    ["tcp session1 sda", "tcp session2 sdb", "tcp session3 sdc"],
    ["sda", "sdb", "sdc"],
  ],
  [
    "two portals, one of IPv6",
    V6,
    { portals: [PORTAL, { address: "fd00::1", port: 3261 }] },
    ["tcp session1 sda of dm-0", "tcp session2 sdb of dm-0"],
    ["dm-0"],
  ],
  [
    "NVMe over RDMA",
    NVME,
    { transport: Transport.NVME_RDMA },
    ["rdma nvme0 nvme0n1", "rdma nvme0 nvme0n2"],
    ["nvme0n1"],
  ],
  [
    "two controllers of NVMe over TCP",
    NVME,
    { sessions: 2 },
    ["nvme0n1", "nvme0n2"].flatMap((disk) => ["nvme0", "nvme1"].map((way) => `tcp ${way} ${disk} of ${disk}`)),
    ["nvme0n1"],
  ],
])(
  "%s: there as it was wanted, once and for all, and without it nothing is left",
  async (_, target, more, ways, devices) => {
    const host = simulateInitiator([target]);
    const before = host.contents();
    const { apply, stepsFor, inspect, taken } = engine(host);
    const spec = specOf(attachmentTo(target, more));
    await apply(spec);
    expect(await stepsFor(spec)).toEqual([]);

    const { items, shown: seen } = await inspect();
    expect(items.filter(({ ours, problem }) => !ours || problem !== undefined)).toEqual([]);
    const names = { [Transport.ISCSI]: "tcp", [Transport.ISER]: "iser", [Transport.NVME_RDMA]: "rdma" };
    const shownWays = seen.luns.map(({ transport, session, disk, multipath }) => {
      const name = Object.entries({ ...names, [Transport.NVME_TCP]: "tcp" }).find(
        ([each]) => Number(each) === transport,
      );
      return `${name?.[1]} ${session} ${disk}${multipath ? ` of ${multipath}` : ""}`;
    });
    expect(shownWays).toEqual(ways);
    expect(await taken()).toEqual(
      devices.map((disk, index) => ({
        name: devices.length === 1 ? "lun0" : `lun0-${index + 1}`,
        node: `${host.read(`/sys/block/${disk}/dev`)}#${host.read(`/sys/block/${disk}/diskseq`)}`,
      })),
    );

    await apply(NOTHING);
    expect(await taken()).toEqual([]);
    expect(leftOn(host, before)).toEqual([]);
  },
);

test.each([
  [0, "32", "128"],
  [8, "8", "128"],
  [32, "32", "128"],
  [200, "200", "256"],
  [1024, "1024", "1024"],
])(
  "a queue depth of %i: LUNs have %s, sessions %s, a power of two; and so it stays",
  async (queueDepth, lun, session) => {
    const host = simulateInitiator([X]);
    const { apply, stepsFor } = engine(host);
    const spec = specOf(attachmentTo(X, { queueDepth }));
    await apply(spec);
    const record = host.read(RECORD);
    expect(record).toContain(`\nnode.session.queue_depth = ${lun}\n`);
    expect(record).toContain(`\nnode.session.cmds_max = ${session}\n`);
    expect(await stepsFor(spec)).toEqual([]);
  },
);

test("whatever iscsid.conf says, a record that was made for the attachment is the one that is wanted", async () => {
  const host = simulateInitiator([X]);
  Object.assign(host.defaults, {
    "node.startup": "automatic",
    "node.session.queue_depth": "64",
    "node.session.cmds_max": "512",
    "node.session.nr_sessions": "2",
  });
  const { apply, stepsFor } = engine(host);
  const spec = specOf(attachmentTo(X));
  await apply(spec);
  expect(await stepsFor(spec)).toEqual([]);
  expect(host.read(RECORD)).toContain("\nnode.startup = manual\n");
});

test("CHAP: the secret is in open-iscsi's record, and in no plan, log, command or answer", async () => {
  const host = simulateInitiator([{ ...X, chap: { user: "guest1", password: SECRET } }]);
  const { apply, plan, inspect, stepsFor, logged } = engine(host);
  const spec = specOf(attachmentTo(X, { chap: CHAP }));
  const planned = await plan(spec);
  await apply(spec);
  expect(host.read(RECORD)).toContain(`\nnode.session.auth.password = ${SECRET}`);
  expect(host.list("/sys/class/iscsi_session")).toEqual(["session1"]);
  expect(logged.length).toBeGreaterThan(4);
  const told = shown([planned, await inspect(), await plan(NOTHING), logged, host.ran], {
    depth: Infinity,
    maxArrayLength: Infinity,
    maxStringLength: Infinity,
  });
  expect(told).toContain("guest1");
  expect(told).not.toContain(SECRET);
  expect(await stepsFor(spec)).toEqual([]);
});

test("disks that come a while after the login are waited for", async () => {
  const host = simulateInitiator([X]);
  const { apply, taken } = engine(host);
  host.network.looksUntilDisks = 5;
  await apply(specOf(attachmentTo(X)));
  expect(host.network.looksUntilDisks).toBe(0);
  expect(await taken()).toHaveLength(1);
});

test("iscsid is started as the host starts it, unless it is there", async () => {
  const host = simulateInitiator([X]);
  host.folder("/run/systemd/system");
  const { apply, commandsFor } = engine(host);
  const spec = specOf(attachmentTo(X));
  expect(await commandsFor(spec)).toContain("systemctl start iscsid.service # and wait until iscsid listens");
  await apply(spec);
  host.reboot();
  host.run("iscsid", []);
  expect(await commandsFor(spec)).not.toContainEqual(expect.stringContaining("iscsid"));
  // Of one that was killed its file may be left, but nobody listens.
  host.put("/run/iscsid.pid", "471\n");
  host.put("/proc/net/unix", "");
  expect(await commandsFor(spec)).toContain("iscsid # and wait until iscsid listens");
});
