import { CommandFailure } from "../failure.ts";
import { FACTS } from "../versions.ts";
import type { ProgramCall } from "./call.ts";

/** `vmware -v` and `vmware -l`. */
export function vmware({ args, write, read }: ProgramCall): void {
  const { version, build, update } = FACTS[read().version];
  const number = build.replace("Releasebuild-", "");
  if (args[0] === "-l") return write(`VMware ESXi ${version} ${update === "0" ? "GA" : `Update ${update}`}\n`);
  if (args[0] !== "-v" && args[0] !== "--version" && args[0] !== "-vl")
    throw new CommandFailure("Usage: vmware [-v|-l]");
  write(`VMware ESXi ${version} build-${number}\n`);
}
