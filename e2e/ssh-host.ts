/**
 * A host as `salvo deploy` finds it: a real OpenSSH server in namespaces of its own. It has its own network, reached over a
 * veth pair, its own processes, and its own /opt, /etc, /var and /run; the rest is this machine's.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { deadline, sleep } from "@salvo/shared/kernel/signal.ts";

export interface SshHost extends AsyncDisposable {
  /** Its address, and that of this machine as it sees it. */
  readonly address: string;
  readonly gateway: string;
  /** As ssh-keygen prints it. */
  readonly hostKey: string;
  /** What its /opt, /etc and /var are, from here. */
  readonly folder: string;
  /** All regular files and links of Salvo there. */
  traces(): Promise<string[]>;
  /** Runs a shell line there, as root. */
  sh(line: string): string;
  /** As when its power fails. */
  stop(): Promise<void>;
}

export interface SshHostOptions {
  readonly folder: string;
  /** Under 64, and of this host alone. */
  readonly number: number;
  /** Who may log in, and as whom: the public key. */
  readonly users: Readonly<Record<string, string>>;
  /** The program that serves SFTP. */
  readonly sftp?: string;
}

const SFTP = "/usr/lib/openssh/sftp-server";
/** Of RFC 2544, for tests of networks; the second part keeps several runs of the tests apart. */
const NET = `198.18.${process.pid % 256}`;

export async function startSshHost({ folder, number, users, sftp = SFTP }: SshHostOptions): Promise<SshHost> {
  await using undo = new AsyncDisposableStack();
  const [gateway, address] = [`${NET}.${number * 4 + 1}`, `${NET}.${number * 4 + 2}`];
  const space = `salvo-${process.pid}-${number}`;
  const [here, there] = [`sv${process.pid}h${number}`, `sv${process.pid}g${number}`].map((name) => name.slice(0, 15));
  ip("netns", "add", space);
  undo.defer(() => ip("netns", "del", space));
  ip("link", "add", here ?? "", "type", "veth", "peer", "name", there ?? "", "netns", space);
  ip("addr", "add", `${gateway}/30`, "dev", here ?? "");
  ip("link", "set", here ?? "", "up");
  ip("-n", space, "addr", "add", `${address}/30`, "dev", there ?? "");
  for (const device of ["lo", there ?? ""]) ip("-n", space, "link", "set", device, "up");
  ip("-n", space, "route", "add", "default", "via", gateway);

  for (const name of ["opt", "var/tmp", "var/lib", "var/log", "var/cache", "run/sshd"])
    await mkdir(join(folder, name), { recursive: true });
  await chmod(join(folder, "var/tmp"), 0o1777);
  await cp("/etc", join(folder, "etc"), { recursive: true, verbatimSymlinks: true });
  await writeFile(
    join(folder, "etc/passwd"),
    `${await readFile("/etc/passwd", "utf8")}plain:x:4242:4242::/tmp:/bin/sh\n`,
  );
  await writeFile(join(folder, "etc/shadow"), `${await readFile("/etc/shadow", "utf8")}plain:*:19000:0:99999:7:::\n`);
  // Who logs in reads it, as himself.
  await mkdir(join(folder, "etc/test-keys"));
  for (const [user, key] of Object.entries(users)) await writeFile(join(folder, "etc/test-keys", user), key);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "host_key")]);
  const [, hostKey = ""] = execFileSync("ssh-keygen", ["-lf", join(folder, "host_key")], { encoding: "utf8" }).split(
    " ",
  );
  const config = [
    `ListenAddress ${address}:22`,
    `HostKey ${folder}/host_key`,
    "AuthorizedKeysFile /etc/test-keys/%u",
    `Subsystem sftp ${sftp}`,
    "PidFile none",
    "UsePAM no",
    "StrictModes no",
    "PasswordAuthentication no",
  ];
  await writeFile(join(folder, "sshd_config"), config.join("\n"));
  const mounts = ["opt", "etc", "var", "run"].map((name) => `mount --bind '${folder}/${name}' /${name}`).join(" && ");
  const script = `${mounts} && exec /usr/sbin/sshd -D -e -f '${folder}/sshd_config'`;
  const own = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", "ip", "netns", "exec", space, ...own], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (text) => (said += String(text)));
  let running = true;
  const ended = once(child, "exit").then(() => (running = false));
  const stop = async () => {
    if (running) child.kill("SIGKILL");
    await ended;
  };
  undo.defer(stop);
  using until = deadline(10_000, "the start of sshd");
  while (!(await accepts(address))) {
    if (!running) throw new Error(`sshd ended: ${said}`);
    await sleep(50, { signal: until });
  }
  // setpriv became ip, and that unshare; its child is sshd.
  const init = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "latin1")).trim();

  const open = undo.move();
  return {
    address,
    gateway,
    hostKey,
    folder,
    async traces() {
      const found: string[] = [];
      for (const place of ["opt", "etc", "var", "run"])
        for (const entry of await readdir(join(folder, place), { recursive: true }))
          if (/salvo/.test(entry)) found.push(join(place, entry));
      return found.toSorted();
    },
    sh: (line) => execFileSync("nsenter", ["--target", init, "--all", "sh", "-c", line], { encoding: "utf8" }),
    stop,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: "pipe" });
}

async function accepts(host: string): Promise<boolean> {
  const socket = connect({ host, port: 22 });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false; // not yet
  } finally {
    socket.destroy();
  }
}
