import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** A real nats-server for tests, which they may kill, wipe and start again on the same port. */
export interface TestServer extends AsyncDisposable {
  readonly url: string;
  /** Where JetStream keeps everything. */
  readonly storeDir: string;
  start(moreConfig?: string): Promise<void>;
  /** kill -9 */
  kill(): Promise<void>;
  /** Removes all that was stored; for a server that is down. */
  wipe(): Promise<void>;
}

export async function testServer({ jetstream = true, maxPayloadBytes = 1024 ** 2 } = {}): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), "salvo-nats-"));
  const configFile = join(folder, "nats.conf");
  const storeDir = join(folder, "jetstream");
  const port = await freePort();
  const config = [
    `listen: "127.0.0.1:${port}"`,
    `max_payload: ${maxPayloadBytes}`,
    ...(jetstream ? [`jetstream { store_dir: ${JSON.stringify(folder)}, max_file_store: 4GB }`] : []),
  ];
  let child: ChildProcess | undefined;

  const server: TestServer = {
    url: `nats://127.0.0.1:${port}`,
    storeDir,
    async start(moreConfig = "") {
      await writeFile(configFile, [...config, moreConfig].join("\n"));
      const started = spawn("setpriv", ["--pdeathsig", "KILL", "--", "nats-server", "-c", configFile], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      child = started;
      await untilReady(started.stderr);
    },
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
    async wipe() {
      await rm(storeDir, { recursive: true, force: true });
    },
    async [Symbol.asyncDispose]() {
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return server;
}

async function untilReady(log: Readable): Promise<void> {
  const said: string[] = [];
  const lines = createInterface({ input: log });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  lines.on("line", (line) => {
    said.push(line);
    if (line.includes("Server is ready")) resolve();
  });
  lines.on("close", () => reject(new Error(`nats-server did not start:\n${said.join("\n")}`)));
  return promise;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo; // a TCP server that listens has one
  probe.close();
  await once(probe, "close");
  return port;
}
