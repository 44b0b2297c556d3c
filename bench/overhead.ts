import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Findings, median, quantile, show, type Table } from "./figures.ts";
import { type FioFigures, fioFigures, jobWithoutGate, runFioAlone } from "./fio-alone.ts";
import { type BenchLab, startBenchLab, type WorkloadShape } from "./lab.ts";
import type { BenchOptions } from "./options.ts";
import { coreShare, type Memory, readMemory, readUsage, type Usage } from "./usage.ts";

const SCRATCH_MIB = 256;
const INTERVALS = ["1s", "100ms"] as const;
const SHIFT_MAX = 0.5;
type Interval = (typeof INTERVALS)[number];
/** fio that only counts, which shows any CPU time taken from it, and fio that reads a file past the page cache. */
const COMMON = { pattern: "randread", blockSize: "4KiB", jobs: 1, ramp: "0s" } as const;
const WORKLOADS = [
  { ...COMMON, name: "null-engine", engine: "null", direct: false, queueDepth: 1 },
  { ...COMMON, name: "file", engine: "libaio", direct: true, queueDepth: 16 },
];

interface Sampled extends FioFigures {
  /** Of one core, between the first tick and the last. */
  readonly agentCpu: number;
  readonly memory: Memory;
}

/** One after the other: nothing else than whether and how often an agent samples is different between them. */
interface Round {
  readonly alone: FioFigures;
  readonly sampled: Readonly<Record<Interval, Sampled>>;
}

export async function overhead({ folder, dataFolder, fio, rounds, seconds, say }: BenchOptions): Promise<Findings> {
  await using lab = await startBenchLab({
    folder,
    dataFolder,
    agents: 1,
    fio: async () => fio,
    scratchSize: `${SCRATCH_MIB}MiB`,
  });
  const idle = agentMemory(lab);
  const tables: Table[] = [];
  const everything: Round[] = [];
  for (const workload of WORKLOADS) {
    const shape: WorkloadShape = { ...workload, duration: `${seconds}s` };
    const found: Round[] = [];
    for (let round = 1; round <= rounds; round++) {
      say(`${shape.name}, round ${round} of ${rounds}`);
      found.push(await measureRound(round, shape, { lab, fio, folder, seconds }));
    }
    tables.push(shiftTable(shape.name, found));
    everything.push(...found);
  }
  return findings(tables, everything, idle);
}

interface Parts {
  readonly lab: BenchLab;
  readonly fio: string;
  readonly folder: string;
  readonly seconds: number;
}

/** Every other round the other way round, so that what drifts favours nobody. */
async function measureRound(round: number, shape: WorkloadShape, { lab, fio, folder, seconds }: Parts): Promise<Round> {
  const alone = () => {
    const job = jobWithoutGate(shape, lab.agents[0]?.scratch ?? "", BigInt(SCRATCH_MIB) * 2n ** 20n);
    return runFioAlone(fio, job, folder, seconds);
  };
  if (round === 1) await sample(lab, shape, "1s"); // makes the scratch file, and warms all up
  if (round % 2 === 1) {
    const before = await alone();
    const slow = await sample(lab, shape, "1s");
    return { alone: before, sampled: { "1s": slow, "100ms": await sample(lab, shape, "100ms") } };
  }
  const fast = await sample(lab, shape, "100ms");
  const slow = await sample(lab, shape, "1s");
  return { alone: await alone(), sampled: { "1s": slow, "100ms": fast } };
}

async function sample(lab: BenchLab, shape: WorkloadShape, interval: Interval): Promise<Sampled> {
  const pid = lab.agents[0]?.pid ?? 0;
  let first: Usage | undefined;
  let last: Usage | undefined;
  const manifest = await lab.run(shape, {
    interval,
    onView: ({ phase, tick }) => {
      if (phase !== "running" || tick === 0) return;
      last = readUsage(pid);
      first ??= last;
    },
  });
  const document = await readFile(join(manifest.summary?.archive ?? "", "fio", "agent1.scratch.json"), "utf8");
  const agentCpu = first && last ? coreShare(first, last) : Number.NaN;
  return { ...fioFigures(document), agentCpu, memory: agentMemory(lab) };
}

function agentMemory(lab: BenchLab): Memory {
  return readMemory(lab.agents[0]?.pid ?? 0);
}

function shiftTable(name: string, rounds: readonly Round[]): Table {
  return {
    title: `${name}: fio with an agent that samples against fio alone (${rounds.length} rounds, medians)`,
    columns: ["", "IOPS", "shift of IOPS %", "quartiles %", "shift of I/Os per CPU second %", "quartiles %"],
    rows: [
      ["alone", median(rounds.map(({ alone }) => alone.iops))],
      ...INTERVALS.map((interval) => [
        `every ${interval}`,
        median(rounds.map(({ sampled }) => sampled[interval].iops)),
        ...middle(shifts(rounds, interval, "iops")),
        ...middle(shifts(rounds, interval, "iosPerCpuSecond")),
      ]),
    ],
  };
}

/** In percent, round by round. */
function shifts(rounds: readonly Round[], interval: Interval, figure: keyof FioFigures): number[] {
  return rounds.map(({ alone, sampled }) => 100 * (sampled[interval][figure] / alone[figure] - 1));
}

function middle(percents: readonly number[]): [number, string] {
  return [median(percents), `${show(quantile(percents, 0.25))} to ${show(quantile(percents, 0.75))}`];
}

/** Small is a loss that three quarters of the rounds keep below the limit; great, one that three quarters have above it. */
function isSmall(percents: readonly number[]): boolean | "unclear" {
  if (quantile(percents, 0.25) > -SHIFT_MAX) return true;
  return quantile(percents, 0.75) < -SHIFT_MAX ? false : "unclear";
}

function findings(tables: readonly Table[], rounds: readonly Round[], idle: Memory): Findings {
  const cpu = (interval: Interval) => rounds.map(({ sampled }) => 100 * sampled[interval].agentCpu);
  const memory = (interval: Interval) => rounds.map(({ sampled }) => sampled[interval].memory);
  const rssMb = Math.max(...INTERVALS.flatMap((interval) => memory(interval).map(({ rssMb }) => rssMb)));
  const limits: Readonly<Record<Interval, number>> = { "1s": 0.5, "100ms": 2 };
  const figures = (["iops", "iosPerCpuSecond"] as const).map((figure) => ({
    figure,
    name: { iops: "IOPS", iosPerCpuSecond: "I/Os per CPU second" }[figure],
  }));
  return {
    tables: [
      ...tables,
      {
        title: "The agent, while it samples",
        columns: ["", "CPU, % of a core: median", "least", "most", "RSS MB: median", "peak MB"],
        rows: [
          ["idle, before the first run", undefined, undefined, undefined, idle.rssMb, idle.peakMb],
          ...INTERVALS.map((interval) => [
            `every ${interval}`,
            median(cpu(interval)),
            Math.min(...cpu(interval)),
            Math.max(...cpu(interval)),
            median(memory(interval).map(({ rssMb }) => rssMb)),
            Math.max(...memory(interval).map(({ peakMb }) => peakMb)),
          ]),
        ],
      },
    ],
    aims: [
      ...INTERVALS.flatMap((interval) =>
        figures.map(({ figure, name }) => {
          const found = shifts(rounds, interval, figure);
          return {
            what: `shift of ${name}, all workloads, every ${interval}`,
            aim: `< ${SHIFT_MAX} %`,
            measured: `${median(found).toFixed(2)} %`,
            met: isSmall(found),
          };
        }),
      ),
      ...INTERVALS.map((interval) => ({
        what: `agent's CPU, every ${interval}`,
        aim: `< ${limits[interval]} % of a core`,
        measured: `${median(cpu(interval)).toFixed(2)} %`,
        met: median(cpu(interval)) < limits[interval],
      })),
      { what: "agent's RSS", aim: "< 80 MB", measured: `${rssMb.toFixed(0)} MB`, met: rssMb < 80 },
    ],
    notes: ["A shift is seen only as far as the quartiles of its rounds allow."],
  };
}
