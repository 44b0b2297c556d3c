/** The real `ssh` client, as a test drives the stand-in with it. */
import { run, type Ran, type RunOptions } from "@salvo/shared/process/run.ts";
import type { EsxiHost } from "./start.ts";

export function sshArguments({ port, keyFile }: EsxiHost): string[] {
  const options = [
    `IdentityFile=${keyFile}`,
    "IdentitiesOnly=yes",
    "BatchMode=yes",
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "LogLevel=ERROR",
  ];
  return [...options.flatMap((option) => ["-o", option]), "-p", String(port), "root@127.0.0.1"];
}

/** Runs a line in the host's shell. */
export async function ssh(host: EsxiHost, line: string, options: RunOptions = {}): Promise<Ran> {
  return await run("ssh", [...sshArguments(host), line], { timeoutMs: 30_000, ...options });
}
