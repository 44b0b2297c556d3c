/** partedUtil. Source: transcripts of people who prepared a LUN with it. */
import { CommandFailure } from "../failure.ts";
import type { HostState } from "../state/state.ts";
import { contentOf, type Disk, disks } from "../world/devices.ts";
import { syncMounts } from "../world/mounts.ts";
import type { ProgramCall } from "./call.ts";

const SECTOR_BYTES = 512;
const HEADS = 255;
const SECTORS = 63;
const FIRST_USABLE = 34;
const GUIDS = [
  ["vmfs", "AA31E02A400F11DB9590000C2911D1B8"],
  ["vmkDiagnostic", "9D27538040AD11DBBF97000C2911D1B8"],
  ["vsan", "381CFCCC728811E092EE000C2911D0B2"],
  ["VMware Reserved", "9198EFFC31C011DB8F78000C2911D1B8"],
  ["Basic Data", "EBD0A0A2B9E5443387C068B6B72699C7"],
  ["Linux Swap", "0657FD6DA4AB43C484E50933C84B4F4F"],
  ["Linux Lvm", "E6D6D379F50744C2A23C238F2A3DF928"],
  ["Linux Raid", "A19D880F05FC4D3BA006743F0F84911E"],
  ["Efi System", "C12A7328F81F11D2BA4B00A0C93EC93B"],
] as const;

export function partedUtil({ args, change, write }: ProgramCall): void {
  const [word = "", path = "", ...rest] = args;
  if (word === "showGuids") {
    write(` Partition Type       GUID\n${GUIDS.map(([name, guid]) => ` ${name.padEnd(20)} ${guid}\n`).join("")}`);
    return;
  }
  write(
    change((state) => {
      const answer = partition(state, word, path, rest);
      syncMounts(state);
      return answer;
    }),
  );
}

function partition(state: HostState, word: string, path: string, rest: readonly string[]): string {
  const disk = diskAt(state, path);
  const content = contentOf(state, disk.id);
  const sectors = Math.floor(disk.sizeBytes / SECTOR_BYTES);
  const lastUsable = sectors - FIRST_USABLE;
  const geometry = `${Math.floor(sectors / (HEADS * SECTORS))} ${HEADS} ${SECTORS} ${sectors}`;
  switch (word) {
    case "getptbl":
      return `${[
        content.label,
        geometry,
        ...content.partitions.map(
          ({ number, start, end, type }) =>
            `${number} ${start} ${end} ${type} ${GUIDS.find(([, guid]) => guid === type)?.[0] ?? "unknown"} 0`,
        ),
      ].join("\n")}\n`;
    case "mklabel":
      content.label = rest[0] === "msdos" ? "msdos" : "gpt";
      content.partitions = [];
      content.volume = undefined;
      return "";
    case "getUsableSectors":
      return `${FIRST_USABLE} ${lastUsable}\n`;
    case "setptbl": {
      if (content.label !== "gpt" && rest[0] === "gpt" && content.label === "msdos")
        throw new CommandFailure("Error: Unable to satisfy all constraints on the partition.");
      const partitions = rest.slice(1).map((each) => readPartition(each, lastUsable));
      content.label = "gpt";
      content.partitions = partitions;
      if (!partitions.some(({ number }) => number === content.volume?.partition)) content.volume = undefined;
      return `gpt\n0 0 0 0\n${rest
        .slice(1)
        .map((each) => `${each}\n`)
        .join("")}`;
    }
    case "delete": {
      const number = Number(rest[0]);
      content.partitions = content.partitions.filter((each) => each.number !== number);
      if (content.volume?.partition === number) content.volume = undefined;
      return "";
    }
    default:
      throw new CommandFailure("Not enough arguments\nUsage: \n Get Partitions : get/getptbl <diskName>\n", 255);
  }
}

function readPartition(text: string, lastUsable: number) {
  const [number = 0, start = 0, end = 0] = text.split(" ").map(Number);
  const type = text.split(" ")[3] ?? "";
  if (start < FIRST_USABLE || end > lastUsable || end <= start)
    throw new CommandFailure("Error: Unable to satisfy all constraints on the partition.");
  return { number, start, end, type };
}

export function diskAt(state: HostState, path: string): Disk {
  const id = path.replace(/^\/(vmfs\/devices|dev)\/disks\//, "");
  const found = disks(state).find((disk) => disk.id === id);
  if (found === undefined)
    throw new CommandFailure(
      `Error: Could not stat device ${path} - No such file or directory.\nUnable to get device ${path}`,
      255,
    );
  return found;
}
