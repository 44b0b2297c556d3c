import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type RunStatus, RunPhase } from "@salvo/proto/agent_pb.ts";
import type { Channels } from "@salvo/controller/service/channels.ts";
import type { TestLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { vi } from "vitest";
import { processesIn, type StartOptions, startAgentProgram, type TestProcess } from "./process.ts";

export interface AgentOptions {
  readonly id?: string;
  /** Files of 8 MiB named disk1, disk2 ... (default: one), or what the agent's file is to say. */
  readonly devices?: number | readonly DeviceOptions[];
  /** Path of the program that the agent takes for fio. */
  readonly fio?: string;
  readonly dataDir?: string;
  readonly onLoss?: "abort" | "continue";
  /** It has the role target alone and no devices, and observes the runs of every scenario. */
  readonly observer?: "degrade" | "note";
  readonly env?: Readonly<Record<string, string>>;
  readonly to?: StartOptions["to"];
  /** See StartOptions: of its first life, and with .2, .3 ... of the next ones. */
  readonly execs?: string;
}

export interface DeviceOptions {
  readonly name: string;
  readonly size: string;
  readonly path?: string;
  readonly disk?: Readonly<Record<string, string>>;
}

/** What the lab gives an agent to do. */
export function rolesOf({ observer }: Pick<AgentOptions, "observer">): readonly string[] {
  return [observer ? "target" : "workload"];
}

/** An agent process, which may be killed and started again at the same address. */
export interface LabAgent extends AsyncDisposable {
  readonly id: string;
  readonly address: string;
  readonly pid: number;
  readonly dataDir: string;
  readonly devices: readonly DeviceOptions[];
  readonly process: TestProcess;
  /** Sends the signal and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again after its end. */
  restart(): Promise<void>;
  /** What it says of the runs that it holds. */
  runs(): Promise<readonly RunStatus[]>;
  /** Resolves when its one run is in that phase or beyond. */
  reached(phase: keyof typeof RunPhase): Promise<RunStatus>;
  /** fio and the shells at its gate. */
  fioPids(): number[];
}

export interface AgentPlace {
  readonly folder: string;
  readonly channels: Channels;
  readonly identities: TestLab;
}

export async function startAgent(
  {
    id,
    observer,
    devices = observer ? 0 : 1,
    fio = "fio",
    dataDir,
    env,
    to,
    execs,
  }: AgentOptions & { readonly id: string },
  { folder, channels, identities }: AgentPlace,
): Promise<LabAgent> {
  const home = join(folder, id);
  const data = dataDir ?? join(home, "data");
  const config = join(home, "agent.yaml");
  const listed = typeof devices === "number" ? plainDevices(home, devices) : devices;
  let lives = 0;
  await mkdir(home);
  const roles = rolesOf(observer ? { observer } : {});
  await identities.enrol(id, { folder: join(home, "identity"), roles });
  await writeFile(config, JSON.stringify({ id, dataDir: data, fio, devices: listed }));
  let agent = await launch("127.0.0.1:0");
  const { address } = agent;

  async function launch(listen: string): Promise<{ process: TestProcess; address: string }> {
    const process = startAgentProgram(["--config", config, "--listen", listen], {
      cwd: home,
      ...(env && { env }),
      ...(to && { to }),
      ...(execs !== undefined && { execs: ++lives === 1 ? execs : `${execs}.${lives}` }),
    });
    const line = await process.printed(/^\{.*\}\n/);
    const { address }: { address: string } = JSON.parse(line);
    return { process, address };
  }

  async function runs(): Promise<readonly RunStatus[]> {
    return (await channels.client({ id, address, roles }).describe({}, { deadlineMs: 10_000 })).runs;
  }

  return {
    id,
    address,
    get pid() {
      return agent.process.pid;
    },
    get process() {
      return agent.process;
    },
    dataDir: data,
    devices: listed,
    async kill(signal = "SIGKILL") {
      agent.process.kill(signal);
      await agent.process.ended;
    },
    async restart() {
      agent = await launch(address);
    },
    runs,
    reached: (phase) =>
      vi.waitUntil(async () => (await runs()).find((run) => run.phase >= RunPhase[phase]), {
        timeout: 60_000,
        interval: 5,
      }),
    fioPids: () => processesIn(data),
    [Symbol.asyncDispose]: async () => void (await agent.process.stop()),
  };
}

function plainDevices(home: string, count: number): DeviceOptions[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `disk${index + 1}`,
    path: join(home, `disk${index + 1}.bin`),
    size: "8MiB",
  }));
}
