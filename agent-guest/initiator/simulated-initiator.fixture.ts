/**
 * As much of a Linux host as an initiator is made of: open-iscsi, NVMe over fabrics, the device mapper, modules. It loads none and
 * starts no daemon by itself, as a host without udev and systemd.
 */
import type { Op } from "./op.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { simulateFabrics } from "./simulated-fabrics.fixture.ts";
import { type Files, simulateFiles } from "./simulated-files.fixture.ts";
import { type RemoteTarget, simulateNetwork } from "./simulated-network.fixture.ts";
import { simulateOpenIscsi } from "./simulated-open-iscsi.fixture.ts";

export type SimulatedInitiator = ReturnType<typeof simulateInitiator>;

const MODULES =
  "iscsi_tcp ib_iser nvme-tcp nvme-rdma sd_mod dm-multipath dm-service-time dm-round-robin dm-queue-length";
const MAPS = "/sys/devices/virtual/block";

export function simulateInitiator(targets: readonly RemoteTarget[] = [], modules = MODULES) {
  const files = simulateFiles();
  const network = simulateNetwork(targets);
  const iscsi = simulateOpenIscsi(files, network);
  const fabrics = simulateFabrics(files, network);
  const ran: string[] = [];
  files.put("/etc/iscsi/initiatorname.iscsi", "## of this host alone\nInitiatorName=iqn.1993-08.org.debian:01:f00\n");
  files.put("/etc/nvme/hostnqn", "nqn.2014-08.org.nvmexpress:uuid:f00\n");
  files.put("/etc/nvme/hostid", "f00\n");
  files.put("/lib/modules/6.1.0/modules.dep", modules.replaceAll(/\S+/g, "kernel/$&.ko:\n"));
  let boots = 0;
  boot();

  function boot(): void {
    files.put("/proc/sys/kernel/random/boot_id", `${++boots}\n`);
    files.put("/proc/sys/kernel/osrelease", "6.1.0\n");
    files.addDisk("/sys/devices/pci0000:00/virtio1/block/vda", "254:0", 2n ** 30n);
  }

  /** Returns what it prints. Throws as a program does that did not exit with 0. */
  function run(program: string, args: readonly string[]): string {
    ran.push([program, ...args].join(" "));
    const [first = "", second = "", ...others] = args;
    if (program === "iscsiadm") return iscsi.iscsiadm(args);
    if (program === "modprobe" && modules.replaceAll("-", "_").split(" ").includes(first))
      files.folder(`/sys/module/${first}`);
    else if (program === "iscsid" || [program, first, second].join(" ") === "systemctl start iscsid.service")
      iscsi.startDaemon();
    else if (program === "dmsetup" && first === "create") createMap(files, second, others);
    else if (program === "dmsetup" && first === "remove") removeMap(files, second);
    else throw failed(`${program}: not found`);
    return "";
  }

  return {
    ...files,
    ran,
    run,
    network,
    defaults: iscsi.defaults,
    write: (path: string, text: string) => fabrics.write(path, text),
    perform(op: Op): void {
      if (op.type === "write") fabrics.write(op.path, op.value);
      else if (op.type === "run") {
        const printed = run(op.program, op.args);
        const ends = (line: string) => line.endsWith(op.prints ?? "");
        if (op.prints !== undefined && !printed.split("\n").some(ends)) throw failed(`it printed ${printed}`);
      } else throw new Error(`${op.type} is nothing for an initiator's host`);
    },
    reboot(): void {
      files.shutDown();
      iscsi.reset();
      fabrics.reset();
      boot();
    },
  };
}

/** dmsetup create NAME --uuid UUID --table TABLE, of the multipath target (drivers/md/dm-mpath.c). */
function createMap(files: Files, name: string, [, uuid = "", , table = ""]: readonly string[]): void {
  const [, sectors, policy = "", count, list = ""] =
    /^0 ([1-9]\d*) multipath 0 0 1 1 ([a-z-]+) 0 (\d+) 1((?: \d+:\d+ 1)+)$/.exec(table) ?? [];
  const isLoaded = ["dm_multipath", `dm_${policy.replace("-", "_")}`].every((each) =>
    files.isThere(`/sys/module/${each}`),
  );
  if (sectors === undefined || !isLoaded) throw failed(`Invalid argument: ${table}`);
  const numbers = new Set([...list.matchAll(/\d+:\d+/g)].map(([number]) => number));
  const disks = (files.list("/sys/block") ?? []).filter((disk) =>
    numbers.has(files.read(`/sys/block/${disk}/dev`) ?? ""),
  );
  if (disks.length !== Number(count)) throw failed(`No such device: ${table}`);
  const isHeld = disks.some((disk) => files.list(`/sys/block/${disk}/holders`)?.length !== 0);
  if (isHeld || files.isThere(`/dev/mapper/${name}`)) throw failed("Device or resource busy");

  const { name: disk, index } = files.freeName((each) => `dm-${each}`);
  files.addDisk(`${MAPS}/${disk}`, `253:${index}`, BigInt(sectors) * 512n, { "dm/name": name, "dm/uuid": uuid });
  files.put(`/dev/mapper/${name}`, table);
  for (const slave of disks) {
    files.link(`${MAPS}/${disk}/slaves/${slave}`, `/sys/block/${slave}`);
    files.link(`/sys/block/${slave}/holders/${disk}`, `${MAPS}/${disk}`);
  }
}

function removeMap(files: Files, name: string): void {
  const disk = (files.list(MAPS) ?? []).find((each) => files.read(`${MAPS}/${each}/dm/name`) === name);
  if (disk === undefined) throw failed(`Device ${name} not found`);
  for (const slave of files.list(`${MAPS}/${disk}/slaves`) ?? []) files.remove(`/sys/block/${slave}/holders/${disk}`);
  files.removeDisk(`${MAPS}/${disk}`);
  files.remove(`/dev/mapper/${name}`);
}

function failed(words: string): SalvoError {
  return new SalvoError("program-failed", `exit code 1: ${words}`);
}
