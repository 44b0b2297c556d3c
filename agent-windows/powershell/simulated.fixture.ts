import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type PowerShell, windowsPowerShell } from "./bridge.ts";

const SIMULATOR = join(import.meta.dirname, "../../testbed/windows-sim/powershell.ts");

/** The bridge with a program that stands in for powershell.exe, on a Windows of this state. The program is put below the folder. */
export function simulatedPowerShell(folder: string, state: object, deadlineMs = 20_000): PowerShell {
  const place = mkdtempSync(join(folder, "sim-"));
  const program = join(place, "powershell");
  writeFileSync(join(place, "state.json"), JSON.stringify(state));
  writeFileSync(
    program,
    `#!/bin/sh\nSALVO_SIM='${join(place, "state.json")}' exec '${process.execPath}' '${SIMULATOR}' "$@"\n`,
  );
  chmodSync(program, 0o755);
  return windowsPowerShell({ program, folder: join(import.meta.dirname, "scripts"), deadlineMs });
}
