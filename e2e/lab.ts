/** A lab on this machine for one test: real agents and the real CLI as processes, real fio, a folder that goes with it. */
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { openChannels } from "@salvo/controller/service/channels.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { expect, vi } from "vitest";
import { type AgentOptions, type LabAgent, rolesOf, startAgent } from "./agent.ts";
import { type Ended, processesIn, type StartOptions, startSalvo, type TestProcess } from "./process.ts";

export interface LabOptions {
  /** How many, all alike, or what each of them is like. */
  readonly agents: number | readonly AgentOptions[];
  readonly onLoss?: "abort" | "continue";
  /** Instead of a nats-server that the controller starts. */
  readonly natsUrl?: string;
  /** Of a lab that was made before; without it one is made. */
  readonly identities?: TestLab;
  /** Agents that were started otherwise, with an identity of that lab, for studies that name them. */
  readonly others?: readonly { readonly id: string; readonly address: string }[];
}

/** The line that `--json` prints. */
export interface RunLine extends JsonObject {
  run: string;
  scenario: string;
  workload: string;
  repeat: number;
  verdict: string;
  reason: string;
  archive: string;
}

export interface RanStudy extends Ended {
  /** One for each line of standard output. */
  readonly runs: readonly RunLine[];
}

export interface Lab extends AsyncDisposable {
  /** Holds everything else. */
  readonly folder: string;
  readonly labFile: string;
  readonly identities: TestLab;
  /** The controller's. */
  readonly dataDir: string;
  readonly agents: readonly LabAgent[];
  /** Any command, with nothing added. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): TestProcess;
  salvo(args: readonly string[]): Promise<Ended>;
  /** `salvo run` with this lab, its data folder and --json. */
  startStudy(study: StudyShape, args?: readonly string[], to?: StartOptions["to"]): Promise<TestProcess>;
  runStudy(study: StudyShape, args?: readonly string[]): Promise<RanStudy>;
  writeStudy(study: StudyShape): Promise<string>;
  /** Rows of `salvo runs --sql`. */
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
  /** Waits until all agents are free, and hold neither runs nor processes nor folders of any. */
  nothingLeft(): Promise<void>;
}

/** Of a study file. Without scenarios all devices of all agents take part, and observers observe; without workloads `quick` is run. */
export interface StudyShape {
  readonly interval?: string;
  readonly repeats?: number;
  readonly scenarios?: readonly { readonly name: string; readonly participants: readonly Participant[] }[];
  readonly workloads?: readonly WorkloadShape[];
}

export interface Participant {
  readonly agent: string;
  readonly device: string;
}

export interface WorkloadShape {
  readonly name: string;
  readonly [field: string]: string | number | boolean | readonly (string | number)[];
}

/** A second of little load: what matters is how it goes, not how fast. */
export const quick: WorkloadShape = {
  name: "quick",
  pattern: "randread",
  blockSize: "4KiB",
  jobs: 1,
  queueDepth: 2,
  rateIopsPerJob: 500,
  duration: "1s",
};

/** For tests in which something happens in mid-run. */
export const long: WorkloadShape = { ...quick, name: "long", duration: "30s" };

export async function startLab({ agents, onLoss = "abort", natsUrl, others = [], ...made }: LabOptions): Promise<Lab> {
  await using undo = new AsyncDisposableStack();
  const folder = await realpath(await mkdtemp(join(tmpdir(), "salvo-e2e-")));
  // To look at what a failed test left: SALVO_E2E_KEEP=1.
  if (!process.env["SALVO_E2E_KEEP"]) undo.defer(() => rm(folder, { recursive: true, force: true }));
  const identities = made.identities ?? (await testLab(folder));
  const channels = undo.use(openChannels(identities));
  const options: readonly AgentOptions[] =
    typeof agents === "number" ? Array.from({ length: agents }, () => ({})) : agents;
  const started = await Promise.all(
    options.map(async (each, index) =>
      undo.use(await startAgent({ id: `guest${index + 1}`, ...each }, { folder, channels, identities })),
    ),
  );
  const labFile = join(identities.folder, "lab.yaml");
  const dataDir = join(folder, "controller");
  await mkdir(dataDir);
  await writeFile(
    labFile,
    // JSON is YAML.
    JSON.stringify({
      name: "bench",
      ...(natsUrl !== undefined && { nats: { url: natsUrl } }),
      agents: [
        ...started.map(({ id, address }, index) => ({
          id,
          address,
          roles: rolesOf(options[index] ?? {}),
          onLoss: options[index]?.onLoss ?? onLoss,
          onObserverLoss: options[index]?.observer ?? "degrade",
        })),
        ...others.map(({ id, address }) => ({ id, address, roles: ["workload"], onLoss })),
      ],
    }),
  );

  let studies = 0;
  async function writeStudy(shape: StudyShape): Promise<string> {
    const participants = started.flatMap(({ id, devices }) => devices.map(({ name }) => ({ agent: id, device: name })));
    const file = join(folder, `study${++studies}.yaml`);
    const { interval = "100ms", repeats = 1, workloads = [quick] } = shape;
    const observe = started.flatMap(({ id }, index) => (options[index]?.observer ? [id] : []));
    const scenarios = shape.scenarios ?? [{ name: "local", participants, observe }];
    await writeFile(file, JSON.stringify({ name: "bench", order: "written", interval, repeats, scenarios, workloads }));
    return file;
  }

  function start(args: readonly string[], env?: Readonly<Record<string, string>>): TestProcess {
    return undoLater.use(startSalvo(args, { cwd: folder, ...(env && { env }) }));
  }

  async function startStudy(
    study: StudyShape,
    args: readonly string[] = [],
    to?: StartOptions["to"],
  ): Promise<TestProcess> {
    const file = await writeStudy(study);
    const command = ["run", file, "--lab", labFile, "--data", dataDir, "--json", ...args];
    return undoLater.use(startSalvo(command, { cwd: folder, ...(to && { to }) }));
  }

  const undoLater = undo.move();
  return {
    folder,
    labFile,
    identities,
    dataDir,
    agents: started,
    start,
    salvo: (args) => start(args).ended,
    startStudy,
    runStudy: async (study, args) => ranStudy(await (await startStudy(study, args)).ended),
    writeStudy,
    async query(sql) {
      const { stdout, stderr } = await start(["runs", "--data", dataDir, "--json", "--sql", sql]).ended;
      expect(stderr).toBe("");
      return jsonLines(stdout);
    },
    async nothingLeft() {
      for (const agent of started) {
        await vi.waitFor(async () => expect(await agent.runs()).toEqual([]), { timeout: 10_000, interval: 20 });
        expect(processesIn(agent.dataDir), `processes that ${agent.id} left behind`).toEqual([]);
        expect(await readdir(join(agent.dataDir, "runs"))).toEqual([]);
      }
    },
    [Symbol.asyncDispose]: () => undoLater.disposeAsync(),
  };
}

/** Reads what `--json` printed; throws when there was anything else. */
export function ranStudy(ended: Ended): RanStudy {
  return { ...ended, runs: jsonLines(ended.stdout) };
}

/** What is in the lines is for the test to look at: a field that is not there fails it. */
function jsonLines<T>(text: string): T[] {
  return text
    .split("\n")
    .filter(Boolean)
    .map((line): T => JSON.parse(line));
}
