import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import type { TestLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, unlessAborted } from "@salvo/shared/kernel/signal.ts";
import { startProcess } from "@salvo/shared/process/start.ts";
import type { RunningProcess } from "@salvo/shared/process/supervise.ts";

const START_MS = 60_000;

/** The agent of a Linux guest, as a process of its own. */
export interface BenchAgent extends AsyncDisposable {
  readonly id: string;
  readonly address: string;
  readonly pid: number;
  readonly home: string;
  /** Its one device. */
  readonly scratch: string;
}

export interface BenchAgentOptions {
  readonly id: string;
  /** Its home is made in it. */
  readonly folder: string;
  readonly lab: TestLab;
  /** For its journals; in its home when absent. */
  readonly dataFolder?: string;
  readonly fio: (home: string) => Promise<string>;
  readonly scratchSize: string;
}

export async function startBenchAgent({
  id,
  folder,
  lab,
  dataFolder = folder,
  fio,
  scratchSize,
}: BenchAgentOptions): Promise<BenchAgent> {
  const home = join(folder, id);
  const scratch = join(home, "scratch.bin");
  const file = join(home, "agent.yaml");
  await mkdir(home, { recursive: true });
  const devices = [{ name: "scratch", path: scratch, size: scratchSize }];
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ id, dataDir: join(dataFolder, id, "data"), fio: await fio(home), devices }));
  await lab.enrol(id, { folder: join(home, "identity") });
  const main = fileURLToPath(import.meta.resolve("@salvo/agent-guest/main.ts"));
  const agent = await startProcess(process.execPath, [main, "--config", file, "--listen", "127.0.0.1:0"], {
    cwd: home,
    env: { ...process.env, SALVO_LOG: "warn" },
  });
  const { address } = await firstLine<{ address: string }>(id, agent);
  return {
    id,
    address,
    pid: agent.pid,
    home,
    scratch,
    [Symbol.asyncDispose]: async () => void (await agent.stop()),
  };
}

/** What a program says of itself when it is ready: one line of JSON, as the caller knows it to print. */
export async function firstLine<T>(name: string, program: RunningProcess): Promise<T> {
  const lines = createInterface({ input: program.stdout });
  const ended = program.exited.then(({ stderr }) => {
    throw new SalvoError("program-failed", `${name} ended at its start: ${stderr.trim()}`);
  });
  ended.catch(() => {}); // later its end is of no interest here
  using starting = deadline(START_MS, `starting ${name}`);
  const line = await unlessAborted(Promise.race([lines[Symbol.asyncIterator]().next(), ended]), starting);
  program.stdout.resume();
  const said: T = JSON.parse(String(line.value));
  return said;
}
