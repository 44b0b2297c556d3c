import { homedir } from "node:os";
import { join } from "node:path";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import { agentOf, labEntries, readSshHosts } from "../deploy/ssh-hosts.ts";
import type { Io } from "./io.ts";

export interface ImportCommand {
  /** As they are named after ssh; all of the config when there are none. */
  readonly hosts: readonly string[];
  readonly sshConfig?: string;
  readonly knownHosts?: readonly string[];
  readonly json?: boolean;
}

/** Prints what a lab file has to say of hosts that this user reaches by ssh. Connects to none of them. */
export async function importHosts({ hosts, json = false, ...from }: ImportCommand, io: Io): Promise<number> {
  const config = from.sshConfig ?? join(homedir(), ".ssh/config");
  const knownHosts = from.knownHosts ?? [join(homedir(), ".ssh/known_hosts"), "/etc/ssh/ssh_known_hosts"];
  const found = await readSshHosts(hosts, { config, knownHosts });
  if (json)
    for (const host of found) {
      const { port, user, hostKey = null, keyFile, isBehind } = host;
      io.stdout.write(`${JSON.stringify({ ...agentOf(host), ssh: { user, port, hostKey, keyFile }, isBehind })}\n`);
    }
  else io.stdout.write(`agents:\n${labEntries(found)}`);
  const unknown = found.flatMap(({ alias, hostKey }) => (hostKey === undefined ? [alias] : []));
  if (unknown.length > 0)
    io.stderr.write(
      `no key is known of ${unknown.join(", ")}: log in once by ssh, compare the key, then import again; nothing is deployed there before\n`,
    );
  return EXIT.ok.code;
}
