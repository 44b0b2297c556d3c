import { isThere } from "../files/is-there.ts";
import { homedir } from "node:os";
import { join } from "node:path";
import ssh2, { type ConnectConfig } from "ssh2";
import { readPlainFile } from "../files/read-file.ts";
import { SalvoError } from "../kernel/error.ts";

/** A password, and the end of its line. */
const PASSWORD_BYTES_MAX = 1024;

/** An RSA key of 16384 bits has 13 KiB. */
const KEY_BYTES_MAX = 64 * 1024;
const AGENT_REMEDY = "Load it into ssh-agent (ssh-add) and leave keyFile out, or name another key";

/** Where the proof is. Without either it is what the user's ssh-agent and ~/.ssh/id_ed25519 have. */
export interface LoginFiles {
  /** A private key. */
  readonly keyFile?: string | undefined;
  /** A password on the first line, in a file that only this user can read. */
  readonly passwordFile?: string | undefined;
}

export type Login = Pick<ConnectConfig, "agent" | "privateKey" | "password" | "tryKeyboard">;

/** How we prove who we are. With a password file the password alone is tried, or the key and then the password. */
export async function loginOf(
  { keyFile, passwordFile }: LoginFiles,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Login> {
  if (passwordFile === undefined) return keyLogin(keyFile, env);
  const password = await readPassword(passwordFile);
  // Many servers take a password only in this dialogue.
  const typed = { password, tryKeyboard: true };
  return keyFile === undefined ? typed : { privateKey: await readKey(keyFile), ...typed };
}

async function keyLogin(
  keyFile: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Login> {
  if (keyFile !== undefined) return { privateKey: await readKey(keyFile) };
  const agent = env["SSH_AUTH_SOCK"];
  const own = join(env["HOME"] ?? homedir(), ".ssh", "id_ed25519");
  if (agent) return { agent, ...(isThere(own) && (await privateKeyUnlessLocked(own))) };
  if (isThere(own)) return { privateKey: await readKey(own) };
  throw new SalvoError("not-found", `there is no SSH key: neither ssh-agent (SSH_AUTH_SOCK) nor ${own}`, {
    remedy: "Make one with ssh-keygen -t ed25519, or name one with keyFile in the lab file",
  });
}

async function readPassword(file: string): Promise<string> {
  const remedy = "Write the password into that file, on its first line, for this user alone to read";
  const text = await readPlainFile(file, { bytesMax: PASSWORD_BYTES_MAX, secret: true, remedy });
  const [password = ""] = text.toString("utf8").split(/\r?\n/);
  if (password !== "") return password;
  throw new SalvoError("invalid-input", "the first line of the password file is empty", { file, remedy });
}

async function readKey(file: string): Promise<Buffer> {
  const key = await readPlainFile(file, {
    bytesMax: KEY_BYTES_MAX,
    remedy: "Name a private key that this user can read",
  });
  const parsed = ssh2.utils.parseKey(key);
  // What went wrong in reading it, in words that hold nothing of the key.
  if (parsed instanceof Error)
    throw new SalvoError("invalid-input", `the SSH key cannot be used: ${parsed.message}`, {
      file,
      remedy: AGENT_REMEDY,
    });
  return key;
}

/** With ssh-agent at hand a key with a passphrase is no mistake: the agent has it open. */
async function privateKeyUnlessLocked(file: string): Promise<{ privateKey?: Buffer }> {
  const key = await readPlainFile(file, { bytesMax: KEY_BYTES_MAX });
  return ssh2.utils.parseKey(key) instanceof Error ? {} : { privateKey: key };
}
