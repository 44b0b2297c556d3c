import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import type { LabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { replaceFile } from "@salvo/shared/files/durable.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, unlessAborted } from "@salvo/shared/kernel/signal.ts";
import { run } from "@salvo/shared/process/run.ts";
import { startProcess } from "@salvo/shared/process/start.ts";
import type { RunningProcess } from "@salvo/shared/process/supervise.ts";
import { stringify } from "yaml";
import { serveEnrolment } from "../service/enrolment.ts";
import { cliLogger } from "./logger.ts";

const START_MS = 30_000;
const SCRATCH_SIZE = "64MiB";

export interface DemoAgents extends AsyncDisposable {
  readonly addresses: readonly { readonly id: string; readonly address: string }[];
}

export interface DemoAgentsOptions {
  readonly count: number;
  readonly fio: string;
  /** Made here; each agent gets a folder in it. */
  readonly folder: string;
  /** They join it as agents on lab hosts would. */
  readonly lab: LabFolder;
  readonly signal: AbortSignal;
}

/** Agents as processes of their own, as they would run on lab hosts; they end with this process, whatever happens to it. */
export async function startDemoAgents({ count, fio, folder, lab, signal }: DemoAgentsOptions): Promise<DemoAgents> {
  await using undo = new AsyncDisposableStack();
  await using enrolment = await serveEnrolment({
    lab,
    address: "127.0.0.1:0",
    log: cliLogger(),
    onJoined: () => {},
  });
  const names = Array.from({ length: count }, (_, index) => `agent${index + 1}`);
  const starts = await Promise.allSettled(
    names.map(async (id) => {
      const home = join(folder, id);
      const config = {
        id,
        dataDir: join(home, "data"),
        fio,
        devices: [{ name: "scratch", path: join(home, "scratch.bin"), size: SCRATCH_SIZE }],
      };
      await mkdir(home, { recursive: true });
      await writeFile(join(home, "agent.yaml"), stringify(config));
      await joinLab({ id, home, lab, controller: enrolment.address, signal });
      const agent = await startProcess(
        process.execPath,
        [agentMain(), "--config", join(home, "agent.yaml"), "--listen", "127.0.0.1:0"],
        {
          cwd: home,
          env: { ...process.env, SALVO_LOG: process.env["SALVO_LOG"] ?? "warn" },
          // Ctrl-C is the controller's to hear.
          ownGroup: true,
        },
      );
      undo.defer(async () => void (await agent.stop({ graceMs: 5_000 })));
      using starting = deadline(START_MS, `starting ${id}`, signal);
      return { id, address: await firstLine(id, agent, starting) };
    }),
  );
  // All of them, before any is given up: one that comes up late must be stopped as well.
  const failed = starts.find((start) => start.status === "rejected");
  if (failed) throw failed.reason;
  const addresses = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  const started = undo.move();
  return { addresses, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

async function joinLab({ id, home, lab, controller, signal }: Joining): Promise<void> {
  const file = join(home, "token");
  await replaceFile(file, await lab.createToken({ agent: id, roles: ["workload"] }, Date.now()));
  const args = ["join", "--controller", controller, "--token-file", file, "--dir", join(home, "identity")];
  const { exitCode, stderr } = await run(process.execPath, [agentMain(), ...args], { timeoutMs: START_MS, signal });
  if (exitCode !== 0) throw new SalvoError("program-failed", `${id} could not join the lab: ${stderr.trim()}`);
}

interface Joining {
  readonly id: string;
  readonly home: string;
  readonly lab: LabFolder;
  readonly controller: string;
  readonly signal: AbortSignal;
}

/** An agent prints where it listens when it does. */
async function firstLine(id: string, agent: RunningProcess, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: agent.stdout });
  const ended = agent.exited.then(({ stderr }): never => {
    throw new SalvoError(
      "program-failed",
      `${id} ended at its start: ${stderr.trim().split("\n").slice(-3).join(" / ")}`,
    );
  });
  ended.catch(() => {}); // after the start its end is of no interest here
  const line = await unlessAborted(Promise.race([lines[Symbol.asyncIterator]().next(), ended]), signal);
  if (line.done) return await unlessAborted(ended, signal);
  agent.stdout.resume();
  const { address }: { address?: unknown } = JSON.parse(line.value);
  if (typeof address === "string") return address;
  throw new SalvoError("program-failed", `${id} did not say where it listens, but: ${line.value}`);
}

function agentMain(): string {
  return fileURLToPath(import.meta.resolve("@salvo/agent-guest/main.ts"));
}
