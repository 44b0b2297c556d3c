/** Hosts that this user reaches by ssh already, as entries of a lab file. OpenSSH itself reads its files: `ssh -G`, `ssh-keygen -F`. */
import { homedir } from "node:os";
import { join } from "node:path";
import { isThere } from "@salvo/shared/files/is-there.ts";
import { readPlainText } from "@salvo/shared/files/read-file.ts";
import { FILES_AT_ONCE, mapAtOnce } from "@salvo/shared/kernel/at-once.ts";
import { isName } from "@salvo/shared/identity/name.ts";
import { formatAddress } from "@salvo/shared/kernel/address.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { answerOf, said } from "@salvo/shared/process/answer-of.ts";
import { run } from "@salvo/shared/process/run.ts";

export interface SshFiles {
  /** Such as ~/.ssh/config. */
  readonly config: string;
  /** Such as ~/.ssh/known_hosts; their names may be hashed. */
  readonly knownHosts: readonly string[];
}

export interface SshHost {
  /** As the user types it after ssh. */
  readonly alias: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** SHA256:...; undefined when the user has never confirmed the host's key. */
  readonly hostKey: string | undefined;
  /** The key that ssh would log in with, where Salvo would not find it by itself: ~/.ssh/lab. */
  readonly keyFile: string | undefined;
  /** ssh reaches it through another host or a command, which Salvo does not. */
  readonly isBehind: boolean;
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
  return mapAtOnce(named, FILES_AT_ONCE, (alias) => resolved(alias, files));
}

async function allAliases(config: string): Promise<string[]> {
  const aliases = isThere(config) ? aliasesIn(await readPlainText(config, { bytesMax: CONFIG_BYTES_MAX })) : [];
  if (aliases.length > 0) return aliases;
  throw new SalvoError("invalid-input", "no host is named there", {
    file: config,
    remedy: "Name the hosts after the command, as you name them after ssh",
  });
}

async function resolved(alias: string, { config, knownHosts }: SshFiles): Promise<SshHost> {
  if (alias.startsWith("-")) throw new SalvoError("invalid-input", `${alias} is no host`);
  const settings = await answerOf("ssh", ["-G", ...(isThere(config) ? ["-F", config] : []), alias]);
  const one = (key: string) => new RegExp(`^${key} (.*)$`, "m").exec(settings)?.[1];
  const host = one("hostname") ?? alias;
  const port = Number(one("port") ?? 22);
  const user = one("user") ?? "root";
  const name = one("hostkeyalias") ?? (port === 22 ? host : `[${host}]:${port}`);
  const isBehind = [one("proxyjump"), one("proxycommand")].some((way) => way !== undefined && way !== "none");
  const hostKey = await knownKey(name, knownHosts);
  const keyFile = await usableKey([...settings.matchAll(/^identityfile (.*)$/gm)].map(([, file = ""]) => file));
  return { alias, host, port, user, hostKey, keyFile, isBehind };
}

/** What `salvo deploy` tries by itself. */
const OWN_KEY = "~/.ssh/id_ed25519";

/** The first that is there and has no passphrase. For one with a passphrase there is ssh-agent, which Salvo asks by itself. */
async function usableKey(files: readonly string[]): Promise<string | undefined> {
  const found = files.find((file) => isThere(atHome(file)));
  if (found === undefined || atHome(found) === atHome(OWN_KEY)) return undefined;
  const { exitCode } = await run("ssh-keygen", ["-y", "-P", "", "-f", atHome(found)]);
  return exitCode === 0 ? found : undefined;
}

function atHome(file: string): string {
  return file.startsWith("~/") ? join(homedir(), file.slice(2)) : file;
}

async function knownKey(name: string, files: readonly string[]): Promise<string | undefined> {
  const keys: RegExpExecArray[] = [];
  for (const file of files.filter(isThere)) {
    const { stdout, ...end } = await run("ssh-keygen", ["-l", "-F", name, "-f", file]);
    // It exits with 1, without a word, when it does not know the name.
    if (end.exitCode > 1 || (end.exitCode === 1 && end.stderr.trim() !== ""))
      throw new SalvoError("program-failed", `ssh-keygen -F ${name} failed (${said(end)})`, { file });
    keys.push(...stdout.matchAll(/^\S+ (\S+) (SHA256:[A-Za-z0-9+/]{43})$/gm));
  }
  return KEY_TYPES.flatMap((type) => keys.find(([, found]) => found === type)?.[2] ?? [])[0];
}

/** Lines for `agents:` of a lab file. */
export function labEntries(hosts: readonly SshHost[]): string {
  return hosts.map(labEntry).join("");
}

/** As `salvo deploy` has its agents listen. */
const AGENT_PORT = 7400;

/** What stands at `id` and `address` of a lab file. */
export function agentOf({ alias, host }: SshHost): { readonly id: string; readonly address: string } {
  return { id: agentId(alias), address: formatAddress({ host, port: AGENT_PORT }) };
}

function labEntry(found: SshHost): string {
  const { alias, port, user, hostKey, keyFile, isBehind } = found;
  const { id, address: plain } = agentOf(found);
  const address = plain.startsWith("[") ? JSON.stringify(plain) : plain;
  const behind = isBehind
    ? "    # ssh reaches it through another host or a command; salvo deploy connects to the address itself.\n"
    : "";
  const key =
    hostKey === undefined
      ? `    # Its key is not known here. Log in once with ssh ${alias}, compare the key, then import it again.\n`
      : `      hostKey: "${hostKey}"\n`;
  const ssh = `    ssh:\n      user: ${user}\n${port === 22 ? "" : `      port: ${port}\n`}${keyFile === undefined ? "" : `      keyFile: ${JSON.stringify(keyFile)}\n`}`;
  return `  - id: ${id}\n    address: ${address}\n    roles: [workload]\n${behind}${ssh}${key}`;
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
