import { isThere } from "../files/is-there.ts";
import { homedir } from "node:os";
import { join } from "node:path";
import ssh2, { type ConnectConfig } from "ssh2";
import { readPlainFile } from "../files/read-file.ts";
import { SalvoError } from "../kernel/error.ts";

/** An RSA key of 16384 bits has 13 KiB. */
const KEY_BYTES_MAX = 64 * 1024;
const AGENT_REMEDY = "Load it into ssh-agent (ssh-add) and leave keyFile out, or name another key";

/** How we prove who we are: a key in a file, or what the user's ssh-agent and ~/.ssh/id_ed25519 have. */
export async function loginOf(
  keyFile: string | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Pick<ConnectConfig, "agent" | "privateKey">> {
  if (keyFile !== undefined) return { privateKey: await readKey(keyFile) };
  const agent = env["SSH_AUTH_SOCK"];
  const own = join(env["HOME"] ?? homedir(), ".ssh", "id_ed25519");
  if (agent) return { agent, ...(isThere(own) && (await privateKeyUnlessLocked(own))) };
  if (isThere(own)) return { privateKey: await readKey(own) };
  throw new SalvoError("not-found", `there is no SSH key: neither ssh-agent (SSH_AUTH_SOCK) nor ${own}`, {
    remedy: "Make one with ssh-keygen -t ed25519, or name one with keyFile in the lab file",
  });
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
