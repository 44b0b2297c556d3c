/** The older commands: esxcfg-scsidevs, esxcfg-rescan, esxcfg-vmknic, esxcfg-nics. Source of `-c`: a capture of 5.5. */
import { CommandFailure } from "../failure.ts";
import { contentOf, disks, displayName } from "../world/devices.ts";
import { adapterNamed } from "../world/adapters.ts";
import { rescan } from "../world/fabric.ts";
import { syncMounts } from "../world/mounts.ts";
import type { ProgramCall } from "./call.ts";

const MIB = 1_048_576;

export function esxcfgScsidevs({ args, read, write }: ProgramCall): void {
  const state = read();
  const [flag] = args;
  if (flag === "-c") {
    const rows = disks(state).map((disk) =>
      [
        disk.id,
        "Direct-Access  ",
        `/vmfs/devices/disks/${disk.id}`,
        `${Math.floor(disk.sizeBytes / MIB)}MB`,
        "NMP    ",
        displayName(state, disk),
      ].join("  "),
    );
    return write(
      `Device UID                            Device Type      Console Device                                            Size      Multipath PluginDisplay Name\n${rows.map((row) => `${row}\n`).join("")}`,
    );
  }
  if (flag === "-m") {
    const rows = disks(state).flatMap(({ id }) => {
      const volume = contentOf(state, id).volume;
      return volume === undefined
        ? []
        : [
            `${id}:${volume.partition} /vmfs/devices/disks/${id}:${volume.partition} ${volume.uuid}  0  ${volume.label}\n`,
          ];
    });
    return write(rows.join(""));
  }
  if (flag === "-a") {
    const local = state.storage.localDisks.map(({ adapter }) => [
      adapter,
      "lsi_mr3",
      "link-n/a",
      `sas.${adapter}`,
      "(0000:03:00.0) Broadcom MegaRAID SAS",
    ]);
    const iscsi = state.iscsi.adapters.map(({ name, driver, iqn, description }) => [
      name,
      driver,
      "online",
      iqn,
      description,
    ]);
    return write([...local, ...iscsi].map((row) => `${row.join("  ")}\n`).join(""));
  }
  throw new CommandFailure("esxcfg-scsidevs <options>");
}

export function esxcfgRescan({ args, change }: ProgramCall): void {
  change((state) => {
    const name = args.find((word) => !word.startsWith("-"));
    rescan(state, name === undefined ? state.iscsi.adapters : [adapterNamed(state, name)], Date.now());
    syncMounts(state);
  });
}

export function esxcfgVmknic({ args, read, write }: ProgramCall): void {
  if (args[0] !== "-l") throw new CommandFailure("esxcfg-vmknic <options>");
  const rows = read().network.vmks.map(({ name, portGroup, ipv4, mac, mtu, enabled }) =>
    [
      name.padEnd(10),
      portGroup.padEnd(39),
      "IPv4     ",
      ipv4.address.padEnd(39),
      ipv4.netmask.padEnd(15),
      mac,
      mtu,
      65_535,
      enabled,
      ipv4.type.toUpperCase(),
    ].join(" "),
  );
  write(
    `Interface  Port Group/DVPort/Opaque Network        IP Family IP Address                              Netmask         MAC Address       MTU TSO MSS Enabled Type\n${rows.map((row) => `${row}\n`).join("")}`,
  );
}

export function esxcfgNics({ args, read, write }: ProgramCall): void {
  if (args[0] !== "-l") throw new CommandFailure("esxcfg-nics <options> [nic]");
  const rows = read().network.nics.map((nic) => {
    const up = nic.adminUp && nic.linkUp;
    return [
      nic.name.padEnd(7),
      nic.pciDevice,
      nic.driver.padEnd(11),
      up ? "Up  " : "Down",
      `${up ? nic.speedMbps : 0}Mbps`,
      up ? "Full" : "Half",
      nic.mac,
      nic.mtu,
      nic.description,
    ].join(" ");
  });
  write(
    `Name    PCI          Driver      Link Speed      Duplex MAC Address       MTU    Description\n${rows.map((row) => `${row}\n`).join("")}`,
  );
}
