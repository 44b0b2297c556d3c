/** vsish: the start of a device's statistics. Source: a capture of 5.x; the values are 0 as no disk of this form carries I/O. */
import { CommandFailure } from "../failure.ts";
import { disks } from "../world/devices.ts";
import type { ProgramCall } from "./call.ts";

const COUNTERS = [
  "commands",
  "blocksRead",
  "blocksWritten",
  "readOps",
  "writeOps",
  "reserveOps",
  "reservationConflicts",
  "total cmds split",
  "total pae cmds",
  "issueTime",
  "queueTime",
  "layerTime",
  "totalTime",
];

export function vsish({ args, read, write }: ProgramCall): void {
  const [flag, word, path = ""] = args;
  const found = /^\/storage\/scsifw\/devices\/(?:([^/]+)\/(stats)?)?$/.exec(path);
  if (flag !== "-e" || (word !== "cat" && word !== "get" && word !== "ls") || found === null)
    throw new CommandFailure(`VSISHCmdGetInt():Get failed: Not found`, 1);
  const ids = disks(read()).map(({ id }) => id);
  if (word === "ls") return write(ids.map((id) => `${id}/\n`).join(""));
  if (!ids.includes(found[1] ?? "") || found[2] === undefined)
    throw new CommandFailure(`VSISHCmdGetInt():Get failed: Not found`, 1);
  write(`Statistics {\n${COUNTERS.map((name) => `   ${name}:0\n`).join("")}}\n`);
}
