/** Hosts that this user reaches by ssh already, as entries of a lab file. OpenSSH itself reads its files: `ssh -G`, `ssh-keygen -F`. */
import { existsSync } from "node:fs";
import { readPlainText } from "@salvo/shared/files/read-file.ts";
import { isName } from "@salvo/shared/identity/name.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { run } from "@salvo/shared/process/run.ts";

export interface SshFiles {
  /** Such as ~/.ssh/config. */
  readonly config: string;
  /** Such as ~/.ssh/known_hosts; its names may be hashed. */
  readonly knownHosts: string;
}

export interface SshHost {
  /** As the user types it after ssh. */
  readonly alias: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** SHA256:...; undefined when the user has never confirmed the host's key. */
  readonly hostKey: string | undefined;
}

/** In the order in which Salvo's own client asks a host for its key. */
const KEY_TYPES = ["ED25519", "ECDSA", "RSA"];
const CONFIG_BYTES_MAX = 1024 * 1024;

/** The names after `Host` that are no patterns. Files that the config includes are not read for names. */
export function aliasesIn(config: string): string[] {
  const names = config.split("\n").flatMap((line) => {
    const [, list = ""] = /^\s*host(?:\s+|\s*=\s*)(.+)$/i.exec(line) ?? [];
    return list.split(/\s+/).filter((name) => name !== "" && !/[*?!"]/.test(name));
  });
  return [...new Set(names)];
}

/** Throws `program-failed` with what ssh said, and as readPlainText for a config that cannot be read. */
export async function readSshHosts(aliases: readonly string[], files: SshFiles): Promise<SshHost[]> {
  const named = aliases.length > 0 ? aliases : await allAliases(files.config);
  return Promise.all(named.map((alias) => resolved(alias, files)));
}

async function allAliases(config: string): Promise<string[]> {
  const aliases = existsSync(config) ? aliasesIn(await readPlainText(config, { bytesMax: CONFIG_BYTES_MAX })) : [];
  if (aliases.length > 0) return aliases;
  throw new SalvoError("invalid-input", "no host is named there", {
    file: config,
    remedy: "Name the hosts after the command, as you name them after ssh",
  });
}

async function resolved(alias: string, { config, knownHosts }: SshFiles): Promise<SshHost> {
  if (alias.startsWith("-")) throw new SalvoError("invalid-input", `${alias} is no host`);
  const settings = await said("ssh", ["-G", ...(existsSync(config) ? ["-F", config] : []), alias]);
  const one = (key: string) => new RegExp(`^${key} (.*)$`, "m").exec(settings)?.[1];
  const host = one("hostname") ?? alias;
  const port = Number(one("port") ?? 22);
  const user = one("user") ?? "root";
  return { alias, host, port, user, hostKey: await knownKey(port === 22 ? host : `[${host}]:${port}`, knownHosts) };
}

async function knownKey(name: string, knownHosts: string): Promise<string | undefined> {
  if (!existsSync(knownHosts)) return undefined;
  // It exits with 1 when it does not know the name.
  const { stdout } = await run("ssh-keygen", ["-l", "-F", name, "-f", knownHosts]);
  const keys = [...stdout.matchAll(/^\S+ (\S+) (SHA256:[A-Za-z0-9+/]{43})$/gm)];
  return KEY_TYPES.flatMap((type) => keys.find(([, found]) => found === type)?.[2] ?? [])[0];
}

async function said(program: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await run(program, args);
  if (exitCode === 0 && stdout.trim() !== "") return stdout;
  const why = stderr.trim() === "" ? `exit code ${exitCode}, no output` : stderr.trim();
  throw new SalvoError("program-failed", `${[program, ...args].join(" ")}: ${why}`, {
    remedy: "Install OpenSSH's client, or correct its configuration",
  });
}

/** Lines for `agents:` of a lab file. */
export function labEntries(hosts: readonly SshHost[]): string {
  return hosts.map(labEntry).join("");
}

function labEntry({ alias, host, port, user, hostKey }: SshHost): string {
  const id = agentId(alias);
  const address = host.includes(":") ? `"[${host}]:7400"` : `${host}:7400`;
  const key =
    hostKey === undefined
      ? `    # Its key is not known here. Log in once with ssh ${alias}, compare the key, then import it again.\n`
      : `      hostKey: "${hostKey}"\n`;
  const ssh = `    ssh:\n      user: ${user}\n${port === 22 ? "" : `      port: ${port}\n`}`;
  return `  - id: ${id}\n    address: ${address}\n    roles: [workload]\n${ssh}${key}`;
}

/** Ids of agents have lower-case letters, digits and hyphens. */
function agentId(alias: string): string {
  const id = alias
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 63);
  return isName(id) ? id : "host";
}
