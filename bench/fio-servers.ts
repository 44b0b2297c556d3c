import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "@salvo/controller/service/nats-probe.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { run } from "@salvo/shared/process/run.ts";
import { startProcess } from "@salvo/shared/process/start.ts";

const HOST = "127.0.0.1";

/** fio's own way of running on several hosts: a `fio --server` for each, and `fio --client` that tells them to run. */
export interface FioServers extends AsyncDisposable {
  readonly homes: readonly string[];
  /** One job file for each of the first servers, given as text. Resolves when all have run. */
  run(jobs: readonly string[]): Promise<void>;
}

export interface FioServersOptions {
  readonly folder: string;
  readonly count: number;
  readonly fio: string;
  /** The program that a server is to be; it may be made in the server's home. */
  readonly server: (home: string) => Promise<string>;
}

export async function startFioServers({ folder, count, fio, server }: FioServersOptions): Promise<FioServers> {
  await using undo = new AsyncDisposableStack();
  const servers: { readonly home: string; readonly address: string }[] = [];
  for (let number = 1; number <= count; number++) {
    const home = join(folder, `server${number}`);
    await mkdir(home, { recursive: true });
    const address = `ip:${HOST},${await freePort(HOST)}`;
    // It says when it listens, but only when its standard output is a terminal: run() tries until it does.
    undo.use(await startProcess(await server(home), [`--server=${address}`], { cwd: home, stdout: "ignore" }));
    servers.push({ home, address });
  }
  const lives = undo.move();
  return {
    homes: servers.map(({ home }) => home),
    async run(jobs) {
      const args = await Promise.all(
        servers.slice(0, jobs.length).map(async ({ home, address }, index) => {
          const file = join(home, "job.fio");
          await writeFile(file, jobs[index] ?? "");
          return [`--client=${address}`, file];
        }),
      );
      const { exitCode, stderr } = await run(fio, ["--output-format=json", ...args.flat()], {
        cwd: folder,
        timeoutMs: 60_000,
        stdoutBytesMax: 2 ** 24,
      });
      if (exitCode !== 0) throw new SalvoError("program-failed", `fio --client exited with ${exitCode}: ${stderr}`);
    },
    [Symbol.asyncDispose]: () => lives.disposeAsync(),
  };
}
