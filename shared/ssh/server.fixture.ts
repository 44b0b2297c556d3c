/** An SSH server in this process, for tests: one user with one key, commands run by sh, forwards for real. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2, { type Connection } from "ssh2";
import type { SshTarget } from "./connection.ts";
import { describeHostKey } from "./host-key.ts";

export interface TestSshServer extends AsyncDisposable {
  readonly folder: string;
  readonly target: SshTarget;
  /** Names that clients gave, and so what came after the key was accepted. */
  readonly users: string[];
  /** Ends every connection at once, as a host that goes down. */
  drop(): void;
}

export async function testSshServer(): Promise<TestSshServer> {
  const folder = await mkdtemp(join(tmpdir(), "salvo-ssh-"));
  const [hostKey, userKey] = [ssh2.utils.generateKeyPairSync("ed25519"), ssh2.utils.generateKeyPairSync("ed25519")];
  const keyFile = join(folder, "key");
  await writeFile(keyFile, userKey.private, { mode: 0o600 });
  const users: string[] = [];
  const open = new Set<Connection>();
  const server = new ssh2.Server({ hostKeys: [hostKey.private] }, (client) => {
    open.add(client);
    client.once("close", () => open.delete(client));
    client.on("error", () => {}); // clients that refuse the key break off
    client.on("authentication", (attempt) => {
      users.push(attempt.username);
      const known = ssh2.utils.parseKey(userKey.public);
      if (known instanceof Error) throw known;
      const ours = attempt.method === "publickey" && attempt.key.data.equals(known.getPublicSSH());
      if (ours && attempt.username === "root") attempt.accept();
      else attempt.reject();
    });
    client.on("ready", () => serveClient(client));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A TCP server's own.
  const { port } = server.address() as AddressInfo;
  const shown = ssh2.utils.parseKey(hostKey.public);
  if (shown instanceof Error) throw shown;
  return {
    folder,
    users,
    target: {
      host: "127.0.0.1",
      port,
      user: "root",
      keyFile,
      hostKey: describeHostKey(shown.getPublicSSH()).fingerprint,
    },
    drop() {
      for (const client of open) client.end();
    },
    async [Symbol.asyncDispose]() {
      for (const client of open) client.end();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}

function serveClient(client: Connection): void {
  client.on("session", (accept) => {
    accept().on("exec", (accept, _reject, { command }) => {
      const channel = accept();
      const child = spawn("sh", ["-c", command]);
      child.stdin.on("error", () => {}); // a program need not read it
      channel.pipe(child.stdin);
      child.stdout.pipe(channel, { end: false });
      child.stderr.pipe(channel.stderr, { end: false });
      channel.once("close", () => child.kill("SIGKILL"));
      child.once("close", (code) => {
        if (code !== null) channel.exit(code);
        channel.end();
      });
    });
  });
  client.on("request", (accept, reject, name, info) => {
    if (name !== "tcpip-forward") return reject?.();
    const listener = createServer((socket) => {
      const { port } = listener.address() as AddressInfo;
      client.forwardOut(info.bindAddr, port, "127.0.0.1", socket.remotePort ?? 0, (error, channel) => {
        if (error) return void socket.destroy();
        socket.pipe(channel).pipe(socket);
      });
    });
    client.once("close", () => listener.close());
    listener.listen(info.bindPort, info.bindAddr, () => accept?.((listener.address() as AddressInfo).port));
  });
}
