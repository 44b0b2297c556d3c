import type { Waiting } from "@salvo/shared/kernel/signal.ts";
import { run } from "@salvo/shared/process/run.ts";
import { join } from "node:path";
import { answerOf, type Json } from "./answer.ts";

/** The scripts that bridge.ps1 runs; powershell.test.ts compares them with its own list, and with the files. */
export const SCRIPTS = [
  "disk-online",
  "file-access",
  "host-facts",
  "host-notes",
  "iscsi-connect",
  "iscsi-disconnect",
  "iscsi-portal",
  "iscsi-rescan",
  "iscsi-state",
  "mpio-enable",
  "mpio-policy",
  "process-ids",
  "service-set",
  "service-state",
  "starwind-image",
  "starwind-iser",
  "starwind-ram",
  "starwind-remove-device",
  "starwind-remove-target",
  "starwind-state",
  "starwind-target",
] as const;
export type ScriptName = (typeof SCRIPTS)[number];

/** Runs one of Salvo's own scripts: what only PowerShell can ask, or do. */
export interface PowerShell {
  /**
   * The arguments are the script's parameters. Throws `program-failed` with the script's own error, `timeout`, `out-of-resources`
   * when it prints too much, and the signal's reason.
   */
  call(script: ScriptName, parameters: Json, waiting?: Waiting): Promise<Json>;
}

export interface PowerShellOptions {
  /** Windows' own powershell.exe. */
  readonly program: string;
  /** Where bridge.ps1 and the scripts are: beside the agent's program. */
  readonly folder: string;
  readonly deadlineMs: number;
}

const OUTPUT_BYTES_MAX = 1024 * 1024;

export function windowsPowerShell({ program, folder, deadlineMs }: PowerShellOptions): PowerShell {
  return {
    async call(script, parameters, { signal } = {}) {
      // The scripts come with the agent and are as trusted as it is: what the policy protects from is not these.
      const how = ["-NoLogo", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass"];
      const ran = await run(program, [...how, "-File", join(folder, "bridge.ps1"), "-Script", script], {
        stdin: JSON.stringify(parameters),
        timeoutMs: deadlineMs,
        stdoutBytesMax: OUTPUT_BYTES_MAX,
        ...(signal && { signal }),
      });
      return answerOf({ script, ...ran });
    },
  };
}
