/** vmkfstools. Sources: captures of 5.x to 8.0.3. A virtual disk is its descriptor file; `-flat.vmdk` has no blocks of its own. */
import { existsSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { CommandFailure } from "../failure.ts";
import type { HostState } from "../state/state.ts";
import { FACTS } from "../versions.ts";
import { contentOf, diskNamed, vmlOf } from "../world/devices.ts";
import { syncMounts } from "../world/mounts.ts";
import { descriptor, type DiskKind, readDescriptor, sizeOf } from "../world/vmdk.ts";
import { diskAt } from "./partition.ts";
import type { ProgramCall } from "./call.ts";

export function vmkfstools({ args, cwd, change, read, write }: ProgramCall): void {
  const { flags, rest } = readArguments(args);
  const at = (path: string | undefined): string => (isAbsolute(path ?? "") ? (path ?? "") : join(cwd, path ?? ""));
  const create = flags.get("-C");
  if (create !== undefined) {
    write(change((state) => makeVolume(state, create, flags.get("-S") ?? "", rest[0] ?? "")));
    return;
  }
  const size = flags.get("-c");
  const [from, to] = [flags.get("-i"), flags.get("-z") ?? flags.get("-r")];
  if (size !== undefined)
    return write(makeDisk(rest[0] ?? "", at(rest[0]), sizeOf(size), flags.get("-d") ?? "zeroedthick"));
  if (to !== undefined) return makeRdm(read(), to, flags.has("-z"), at(rest[0]));
  if (from !== undefined) return write(cloneDisk(at(from), at(rest[0]), flags.get("-d") ?? "zeroedthick", read()));
  if (flags.has("-U")) return removeDisk(at(rest[0]), rest[0] ?? "");
  if (flags.has("-q")) return write(tellRdm(rest[0] ?? "", at(rest[0])));
  if (flags.has("-X")) return extendDisk(at(rest[0]), sizeOf(flags.get("-X") ?? ""), write);
  if (flags.has("-E")) return renameDisk(at(flags.get("-E")), at(rest[0]));
  if (flags.has("-P")) return tellVolume(read(), rest[0] ?? "", write);
  throw new CommandFailure(
    "No valid command specified.\n\nOPTIONS FOR FILE SYSTEMS:\n\nvmkfstools -C --createfs [vmfs5|vmfs6|vfat]",
    255,
  );
}

const WITH_VALUE = new Set(["-C", "-S", "-c", "-d", "-i", "-z", "-r", "-X", "-E", "-W"]);

function readArguments(args: readonly string[]): { flags: Map<string, string>; rest: string[] } {
  const flags = new Map<string, string>();
  const rest: string[] = [];
  const left = [...args];
  const long: Readonly<Record<string, string>> = {
    "--createfs": "-C",
    "--setfsname": "-S",
    "--createvirtualdisk": "-c",
    "--diskformat": "-d",
    "--createrdmpassthru": "-z",
    "--createrdm": "-r",
    "--queryrdm": "-q",
    "--deletevirtualdisk": "-U",
  };
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const name = long[word] ?? word;
    if (!name.startsWith("-")) rest.push(word);
    else flags.set(name, WITH_VALUE.has(name) ? (left.shift() ?? "") : "");
  }
  return { flags, rest };
}

function makeVolume(state: HostState, type: string, label: string, path: string): string {
  if (type !== "vmfs5" && type !== "vmfs6") throw new CommandFailure(`Invalid file system type ${type}`, 255);
  const [device = "", number = ""] = path.split(/:(?=\d+$)/);
  const disk = diskAt(state, device);
  const content = contentOf(state, disk.id);
  if (!content.partitions.some((each) => each.number === Number(number)))
    throw new CommandFailure(
      `Failed to open: '${path}': No such file or directory (458770)\nError: No such file or directory`,
      255,
    );
  if (
    content.volume?.mounted === true &&
    content.volume.partition === Number(number) &&
    state.vms.some(({ power, datastore }) => power === "on" && datastore === content.volume?.label)
  )
    throw new CommandFailure("Error: Device or resource busy", 255);
  state.counter += 1;
  const uuid = `6868923c-fec3e57e-e7c7-b496913041${state.counter.toString(16).padStart(2, "0")}`;
  content.volume = {
    uuid,
    label,
    type: type === "vmfs5" ? "VMFS-5" : "VMFS-6",
    partition: Number(number),
    mounted: true,
  };
  syncMounts(state);
  const full = `/dev/disks/${disk.id}:${number}`;
  const version = type.slice(-1);
  return [
    `create fs deviceName:'${full}', fsShortName:'${type}', fsName:'${label}'`,
    `deviceFullPath:${full} deviceFile:${disk.id}:${number}`,
    `ATS on device ${full}: not supported`,
    ".",
    "Checking if remote hosts are using this device as a valid file system. This may take a few seconds...",
    ...(FACTS[state.version].scansForHostActivity
      ? [`Scanning for VMFS-${version} host activity (4096 bytes/HB, 1024 HBs).`]
      : []),
    `Creating ${type} file system on "${disk.id}:${number}" with blockSize 1048576, unmapGranularity 1048576, unmapPriority default and volume label "${label}".`,
    `Successfully created new volume: ${uuid}`,
    "",
  ].join("\n");
}

function makeDisk(shown: string, path: string, sizeBytes: number, format: string): string {
  if (!["thin", "zeroedthick", "eagerzeroedthick"].includes(format))
    throw new CommandFailure(`Invalid disk format ${format}`, 255);
  if (existsSync(path)) throw new CommandFailure(`Failed to create virtual disk: The file already exists (39).`, 255);
  put(path, { kind: format === "thin" ? "thin" : format === "eagerzeroedthick" ? "eager" : "zeroed", sizeBytes });
  const verb = format === "eagerzeroedthick" ? `Creating disk '${shown}' and zeroing it out...\n` : "";
  return `${verb}Create: 100% done.\n`;
}

function put(path: string, disk: { kind: DiskKind; sizeBytes: number; device?: string }): void {
  const extent = path.replace(
    /\.vmdk$/,
    disk.device === undefined ? "-flat.vmdk" : disk.kind === "rdmp" ? "-rdmp.vmdk" : "-rdm.vmdk",
  );
  try {
    writeFileSync(path, descriptor(extent.split("/").at(-1) ?? "", disk));
    writeFileSync(extent, "");
    // As long as the disk, and without blocks.
    truncateSync(extent, disk.sizeBytes);
  } catch (error) {
    const isFull = error instanceof Error && "code" in error && error.code === "ENOSPC";
    throw new CommandFailure(
      `Failed to create virtual disk: ${isFull ? "There is not enough space on the file system for the selected operation (13)" : "The system cannot find the file specified (25)"}.`,
      255,
    );
  }
}

function makeRdm(state: HostState, device: string, passthrough: boolean, path: string): void {
  const disk = diskAt(state, device);
  if (disk.isLocal)
    throw new CommandFailure("Failed to create virtual disk: Inappropriate ioctl for device (1638411).", 255);
  if (existsSync(path)) throw new CommandFailure(`Failed to create virtual disk: The file already exists (39).`, 255);
  put(path, { kind: passthrough ? "rdmp" : "rdm", sizeBytes: disk.sizeBytes, device: disk.id });
}

function cloneDisk(from: string, to: string, format: string, state: HostState): string {
  const source = open(from, from);
  const running = state.vms.some(
    (vm) => vm.power === "on" && from.startsWith(`/vmfs/volumes/${vm.datastore}/${vm.file.split("/")[0]}/`),
  );
  if (running) throw new CommandFailure(`Failed to open '${from}': Failed to lock the file (16392).`, 255);
  put(to, {
    kind: format === "thin" ? "thin" : format === "eagerzeroedthick" ? "eager" : "zeroed",
    sizeBytes: source.sizeBytes,
  });
  return `Destination disk format: VMFS ${format === "thin" ? "thin-provisioned" : format}\nCloning disk '${from}'...\nClone: 100% done.\n`;
}

function open(path: string, shown: string) {
  const found = existsSync(path) ? readDescriptor(readFileSync(path, "utf8")) : undefined;
  if (found === undefined)
    throw new CommandFailure(`Failed to open '${shown}': The system cannot find the file specified (25).`, 255);
  return found;
}

function removeDisk(path: string, shown: string): void {
  const { extent } = open(path, shown);
  rmSync(join(path, "..", extent), { force: true });
  rmSync(path);
}

function extendDisk(path: string, sizeBytes: number, write: (text: string) => void): void {
  const disk = open(path, path);
  put(path, { ...disk, sizeBytes });
  write("Grow: 100% done.\n");
}

function renameDisk(from: string, to: string): void {
  const { extent } = open(from, from);
  const renamed = extent.replace(
    from
      .split("/")
      .at(-1)
      ?.replace(/\.vmdk$/, "") ?? "",
    to
      .split("/")
      .at(-1)
      ?.replace(/\.vmdk$/, "") ?? "",
  );
  renameSync(join(from, "..", extent), join(to, "..", renamed));
  writeFileSync(to, readFileSync(from, "utf8").replace(extent, renamed));
  rmSync(from);
}

function tellRdm(shown: string, path: string): string {
  const { kind, device } = open(path, shown);
  if (device === undefined) return `Disk ${shown} is not an rdm\n`;
  return `Disk ${shown} is a ${kind === "rdmp" ? "Passthrough" : "Non-passthrough"} Raw Device Mapping\nMaps to: ${vmlOf(device)}\n`;
}

function tellVolume(state: HostState, path: string, write: (text: string) => void): void {
  const name = path.replace(/\/$/, "").split("/").at(-1);
  for (const { id, volume } of state.storage.contents)
    if (volume !== undefined && (volume.label === name || volume.uuid === name)) {
      const { sizeBytes } = diskNamed(state, id);
      return write(
        `${volume.type}.82 file system spanning 1 partitions.\nFile system label (if any): ${volume.label}\nMode: public\nCapacity ${sizeBytes}, ${sizeBytes - 1_073_741_824} available, file block size 1048576, max supported file size 70368744177664\nUUID: ${volume.uuid}\nPartitions spanned (on "lvm"):\n\t${id}:${volume.partition}\nIs Native Snapshot Capable: NO\n`,
      );
    }
  throw new CommandFailure(`Could not open ${path}\nError: No such file or directory`, 255);
}
