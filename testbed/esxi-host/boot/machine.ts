/** One boot of a host: a mount, a PID and a UTS namespace of its own, which end with their first process. */
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { startProcess, type RunningProcess } from "@salvo/shared/process/start.ts";
import { sshdConfig } from "./etc.ts";

export interface Machine extends AsyncDisposable {
  /** The port of its SSH server. */
  readonly port: number;
  /** Its first process, in this PID namespace: /proc/PID/root is the host's root. */
  readonly pid: number;
  /** Resolves when the host is down. */
  readonly down: Promise<void>;
}

const BOOT_TIMEOUT_MS = 60_000;
const PORT_TRIES = 5;
const PROJECT = join(import.meta.dirname, "../../..");

/** Throws with what the host printed when its SSH server does not come up. */
export async function bootMachine(folder: string, cache: string, sshPath: string): Promise<Machine> {
  for (let left = PORT_TRIES - 1; ; left -= 1) {
    const port = await freePort();
    await writeFile(join(folder, "root/.stand-in/sshd_config"), sshdConfig(port, sshPath));
    const machine = await tryBoot(folder, cache, port);
    if (typeof machine !== "string") return machine;
    // Another program may have taken the port meanwhile.
    if (left === 0 || !machine.includes("Address already in use"))
      throw new Error(`the host in ${folder} did not boot; it printed:\n${machine}`);
  }
}

async function tryBoot(folder: string, cache: string, port: number): Promise<Machine | string> {
  let printed = "";
  const { promise: listening, resolve: isListening } = Promise.withResolvers<void>();
  const namespaces = ["--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child=KILL", "--propagation", "private"];
  const enter = join(import.meta.dirname, "enter.sh");
  const running = await startProcess(
    "unshare",
    [...namespaces, "--", "sh", enter, folder, PROJECT, process.execPath, cache],
    {
      stdout: "ignore",
      onStderr: (chunk) => {
        printed = `${printed}${chunk.toString()}`.slice(-20_000);
        if (printed.includes("Server listening on")) isListening();
      },
    },
  );
  const up = await Promise.race([
    listening.then(() => true),
    running.exited.then(() => false),
    once(AbortSignal.timeout(BOOT_TIMEOUT_MS), "abort").then(() => false),
  ]);
  if (!up) {
    await running[Symbol.asyncDispose]();
    return printed;
  }
  return {
    port,
    pid: await firstProcess(running),
    down: running.exited.then(() => undefined),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** unshare has one child: the first process of the namespace. */
async function firstProcess({ pid }: RunningProcess): Promise<number> {
  return Number((await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ")[0]);
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
