import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { LabAgent } from "@salvo/proto/lab_pb.ts";
import { parseAddress } from "@salvo/shared/kernel/address.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Waiting } from "@salvo/shared/kernel/signal.ts";
import type { SshTarget } from "@salvo/shared/ssh/connection.ts";
import { fetchHostKey } from "@salvo/shared/ssh/host-key.ts";

/**
 * Where and how to log in. Throws `refused` for a host without a pinned key, with the line that pins the one that it
 * shows: nothing is sent to it before.
 */
export async function sshTarget({ id, address, ssh }: LabAgent, labFile: string, waiting: Waiting): Promise<SshTarget> {
  if (!ssh)
    throw new SalvoError("invalid-input", `agent ${id} has no ssh in the lab file`, {
      file: labFile,
      remedy: `Write below its id, at least: ssh: { user: root }`,
    });
  const place = { host: ssh.host || (parseAddress(address)?.host ?? ""), port: ssh.port };
  if (ssh.hostKey === "") {
    const { type, fingerprint } = await fetchHostKey(place, waiting);
    throw new SalvoError(
      "refused",
      `the key of ${place.host} is not pinned, so nothing was sent to it; it shows ${type}`,
      {
        remedy: `Compare on the host (ssh-keygen -lf /etc/ssh/ssh_host_${type.replace(/^ssh-|-.*$/g, "")}_key.pub), and write into ssh of ${id} in ${labFile}: hostKey: ${fingerprint}`,
      },
    );
  }
  const keyFile = ssh.keyFile === "" ? undefined : resolvedKey(ssh.keyFile, labFile);
  return { ...place, user: ssh.user, hostKey: ssh.hostKey, keyFile };
}

function resolvedKey(file: string, labFile: string): string {
  return file.startsWith("~/") ? join(homedir(), file.slice(2)) : resolve(dirname(labFile), file);
}
