/**
 * A real OpenSSH server for tests, in a root of its own: its / has this machine's /usr, and a /bin, /etc, /tmp of its own. So a test
 * can put programs into its /bin and look at what they write. It needs root.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deadline, sleep } from "../kernel/signal.ts";
import type { SshTarget } from "./connection.ts";

export interface Sshd extends AsyncDisposable {
  /** What its / is, from here. */
  readonly root: string;
  readonly target: SshTarget;
  /** A file with root's password there. */
  readonly passwordFile: string;
  /** Ends it and every connection, as a host that goes down. */
  stop(): Promise<void>;
  /** After stop. */
  start(): Promise<void>;
}

export interface SshdOptions {
  /** Further lines of its configuration. */
  readonly config?: readonly string[];
  /** Folders of this machine that are there in the same place. */
  readonly shown?: readonly string[];
}

const PASSWORD = "of the test only";

export async function startSshd({ config = [], shown = [] }: SshdOptions = {}): Promise<Sshd> {
  await using undo = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "salvo-sshd-"));
  undo.defer(() => rm(folder, { recursive: true }));
  const root = join(folder, "root");
  const port = await freePort();
  await makeRoot(root, shown);
  const keyFile = join(folder, "key");
  for (const file of [keyFile, join(root, "etc/host_key")])
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  const publicKey = execFileSync("ssh-keygen", ["-yf", keyFile], { encoding: "utf8" });
  await writeFile(join(root, "etc/authorized_keys"), publicKey);
  const passwordFile = join(folder, "password");
  await writeFile(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  const [, hostKey = ""] = execFileSync("ssh-keygen", ["-lf", join(root, "etc/host_key")], { encoding: "utf8" }).split(
    " ",
  );
  await writeFile(join(root, "etc/sshd_config"), sshdConfig(port, config));

  let running: { end: () => Promise<void> } | undefined;
  const start = async () => {
    running = await launch(root, shown, port);
  };
  const stop = async () => {
    await running?.end();
    running = undefined;
  };
  undo.defer(stop);
  await start();
  const open = undo.move();
  return {
    root,
    target: { host: "127.0.0.1", port, user: "root", keyFile, hostKey },
    passwordFile,
    start,
    stop,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function makeRoot(root: string, shown: readonly string[]): Promise<void> {
  for (const name of ["usr", "bin", "sbin", "dev", "proc", "etc", "run/sshd", "tmp", "root", ...shown])
    await mkdir(join(root, name), { recursive: true });
  for (const name of ["lib", "lib64"]) await symlink(`usr/${name}`, join(root, name));
  await symlink("/usr/bin/dash", join(root, "bin/sh"));
  const hash = execFileSync("openssl", ["passwd", "-6", PASSWORD], { encoding: "utf8" }).trim();
  await writeFile(join(root, "etc/passwd"), "root:x:0:0::/root:/bin/sh\nsshd:x:101:65534::/run/sshd:/bin/sh\n");
  await writeFile(join(root, "etc/group"), "root:x:0:\nnogroup:x:65534:\n");
  await writeFile(join(root, "etc/shadow"), `root:${hash}:19000:0:99999:7:::\nsshd:*:19000:0:99999:7:::\n`, {
    mode: 0o600,
  });
}

function sshdConfig(port: number, more: readonly string[]): string {
  return [
    `ListenAddress 127.0.0.1:${port}`,
    "HostKey /etc/host_key",
    "AuthorizedKeysFile /etc/authorized_keys",
    "Subsystem sftp internal-sftp",
    "PidFile none",
    "UsePAM no",
    "StrictModes no",
    "PermitRootLogin yes",
    "PasswordAuthentication yes",
    "SetEnv PATH=/bin:/sbin:/usr/bin",
    ...more,
  ].join("\n");
}

async function launch(root: string, shown: readonly string[], port: number): Promise<{ end: () => Promise<void> }> {
  const binds = ["/usr", "/dev", ...shown].map((path) => `mount --rbind '${path}' '${root}${path}'`);
  const script = [
    ...binds,
    `mount -t proc proc '${root}/proc'`,
    `exec chroot '${root}' /usr/sbin/sshd -D -e -f /etc/sshd_config`,
  ].join(" && ");
  const child = spawn(
    "setpriv",
    ["--pdeathsig", "KILL", "--", "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  child.stderr.on("data", (text) => (said += String(text)));
  let isRunning = true;
  const ended = once(child, "exit").then(() => (isRunning = false));
  using until = deadline(20_000, "the start of sshd");
  while (!(await accepts(port))) {
    if (!isRunning) throw new Error(`sshd ended: ${said}`);
    await sleep(20, { signal: until });
  }
  return {
    async end() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  // A TCP server's own.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false; // not yet
  } finally {
    socket.destroy();
  }
}
