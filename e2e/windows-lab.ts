/** The agent for Windows as it ships, under Wine, with fio for Windows and a device of 8 MiB, in a lab with agents on Linux. */
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Channels } from "@salvo/controller/service/channels.ts";
import type { RunStatus } from "@salvo/proto/agent_pb.ts";
import type { TestLab } from "@salvo/shared/identity/testing-lab.ts";
import { unzipSync } from "fflate";
import { bundleWindowsAgent } from "../scripts/bundle-windows.ts";
import { processesIn } from "./process.ts";
import type { Wine, WindowsProgram } from "./wine.ts";

/** scripts/fio-windows has built it. */
const FIO = join(import.meta.dirname, "../.toolchain/fio-windows/fio.exe");

export interface WindowsAgent {
  readonly id: string;
  readonly address: string;
  readonly dataDir: string;
  /** Where its log is. */
  readonly home: string;
  readonly program: WindowsProgram;
  /** As Task Scheduler ends a task: without a word. */
  kill(): Promise<void>;
  /** Starts it again after its end, at the same address. */
  restart(): Promise<void>;
  /** What it says of the runs that it holds. */
  runs(): Promise<readonly RunStatus[]>;
  /** fio and the cmds at its gate: Wine gives each of them a process of Linux, in the folder that Windows shows. */
  fioPids(): number[];
}

/** Unpacks the zip, which is `C:\Program Files\Salvo` to its agent. */
export async function unpackWindowsAgent(folder: string): Promise<void> {
  const zip = await readFile(await bundleWindowsAgent());
  for (const [name, bytes] of Object.entries(unzipSync(zip))) {
    const file = join(folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
}

export interface WindowsPlace {
  readonly wine: Wine;
  readonly folder: string;
  readonly programs: string;
  readonly identities: TestLab;
  readonly channels: Channels;
}

export async function startWindowsAgent(
  id: string,
  { wine, folder, programs, identities, channels }: WindowsPlace,
): Promise<WindowsAgent> {
  const home = join(folder, id);
  await mkdir(home);
  await copyFile(FIO, join(home, "fio.exe"));
  await identities.enrol(id, { folder: join(home, "identity"), roles: ["workload"] });
  // Relative: the file's folder is Z:\... to the agent.
  const devices = [{ name: "disk1", path: "disk1.bin", size: "8MiB" }];
  const fio = windowsPath(join(home, "fio.exe"));
  await writeFile(
    join(home, "agent.yaml"),
    JSON.stringify({ id, dataDir: "data", identityDir: "identity", fio, devices }),
  );
  let agent = await launch("127.0.0.1:0");
  const { address } = agent;

  async function launch(listen: string) {
    const args = [join(programs, "salvo-agent-windows.mjs"), "--config", "agent.yaml", "--log", "agent.log"];
    const program = wine.start(join(programs, "node.exe"), [...args, "--listen", listen], { cwd: home });
    const { address }: { address: string } = JSON.parse(await program.printed(/^\{.*\}\n/));
    return { program, address };
  }

  return {
    id,
    address,
    home,
    dataDir: join(home, "data"),
    get program() {
      return agent.program;
    },
    async kill() {
      agent.program.kill();
      await agent.program.ended;
    },
    async restart() {
      agent = await launch(address);
    },
    async runs() {
      const client = channels.client({ id, address, roles: ["workload"] });
      return (await client.describe({}, { deadlineMs: 10_000 })).runs;
    },
    fioPids: () => processesIn(join(home, "data")),
  };
}

/** As Wine shows this host's files. */
export function windowsPath(path: string): string {
  return `Z:${path.replaceAll("/", "\\")}`;
}
