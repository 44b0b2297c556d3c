/** `npm run bench -- NAME`: measures, prints figures and ratios, judges nothing. See README.md. */
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { type Findings, renderFindings } from "./figures.ts";
import { describeMachine, loadAverage, watchCores } from "./machine.ts";
import type { BenchOptions } from "./options.ts";

interface Bench {
  readonly about: string;
  readonly defaults: Partial<Pick<BenchOptions, "agents" | "rounds" | "seconds" | "samples">>;
  readonly load: () => Promise<(options: BenchOptions) => Promise<Findings>>;
}

const BENCHES: Readonly<Record<string, Bench>> = {
  "start-spread": {
    about: "how far participants begin apart, against fio --client (--agents 4,8 --rounds 20)",
    defaults: { agents: [4, 8], rounds: 20 },
    load: async () => (await import("./start-spread.ts")).startSpread,
  },
  overhead: {
    about: "what sampling costs: IOPS against fio alone, the agent's CPU time and memory (--rounds 8 --seconds 10)",
    defaults: { rounds: 8, seconds: 10 },
    load: async () => (await import("./overhead.ts")).overhead,
  },
  ingest: {
    about:
      "durable records per second from journals to the controller's spool (--agents 4 --samples 200000 --rounds 3)",
    defaults: { agents: [4], samples: 200_000, rounds: 3 },
    load: async () => (await import("./ingest.ts")).ingest,
  },
  seal: {
    about: "how long sealing a run takes (--samples 1000000 --rounds 3)",
    defaults: { samples: 1_000_000, rounds: 3 },
    load: async () => (await import("./seal.ts")).seal,
  },
  report: {
    about: "memory, time and size of a report, and of one of an eighth of its runs (--rounds 400, the runs)",
    defaults: { rounds: 400 },
    load: async () => (await import("./report.ts")).report,
  },
  compare: {
    about: "how long salvo compare takes on archived runs (--samples 1000 --rounds 5)",
    defaults: { samples: 1000, rounds: 5 },
    load: async () => (await import("./compare.ts")).compare,
  },
  esxtop: {
    about: "how long a header and a row of esxtop take to read (--samples 16000 columns, --rounds 30)",
    defaults: { samples: 16_000, rounds: 30 },
    load: async () => (await import("./esxtop.ts")).esxtop,
  },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    agents: { type: "string" },
    rounds: { type: "string" },
    seconds: { type: "string" },
    samples: { type: "string" },
    fio: { type: "string", default: "fio" },
    dir: { type: "string", default: tmpdir() },
    data: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const [name = ""] = positionals;
const bench = BENCHES[name];
if (!bench) {
  const list = Object.entries(BENCHES).map(([each, { about }]) => `  ${each.padEnd(14)}${about}\n`);
  process.stdout.write(
    `npm run bench -- NAME [--json --dir DIR --data DIR --fio PATH], where NAME is one of\n${list.join("")}`,
  );
  process.exitCode = positionals.length > 0 ? 2 : 0;
} else {
  try {
    await measure(name, bench);
  } catch (error) {
    const known = toSalvoError(error);
    process.stderr.write(`bench ${name}: ${known.kind === "internal" ? known.stack : known.describe()}\n`);
    process.exitCode = 1;
  }
}

async function measure(name: string, { defaults, load }: Bench): Promise<void> {
  const { fio, json, dir } = values;
  const run = await load();
  const folder = await realpath(await mkdtemp(join(dir, "salvo-bench-")));
  const dataFolder =
    values.data === undefined ? folder : await realpath(await mkdtemp(join(values.data, "salvo-bench-")));
  try {
    const machine = await describeMachine(fio);
    const loadBefore = loadAverage();
    const coresSince = watchCores();
    const found = await run({
      folder,
      dataFolder,
      fio,
      agents: values.agents?.split(",").map(positive) ?? defaults.agents ?? [],
      rounds: positive(values.rounds ?? defaults.rounds ?? 1),
      seconds: positive(values.seconds ?? defaults.seconds ?? 1),
      samples: positive(values.samples ?? defaults.samples ?? 1),
      say: (line) => process.stderr.write(`${line}\n`),
    });
    const loadAfter = loadAverage();
    const when = { bench: name, at: new Date().toISOString(), machine, loadBefore, loadAfter, load: coresSince() };
    if (json) process.stdout.write(`${JSON.stringify({ ...when, ...found })}\n`);
    else {
      const { cores, cpu, memoryGiB, kernel, node } = machine;
      process.stdout.write(
        `${name}, ${when.at}: ${cores} cores of ${cpu}, ${memoryGiB} GiB, Linux ${kernel}, Node ${node}, ${machine.fio}\n` +
          `load average ${loadBefore} before, ${loadAfter} after, us included; ${when.load}\n\n${renderFindings(found)}`,
      );
    }
  } finally {
    for (const each of [folder, dataFolder]) await rm(each, { recursive: true, force: true });
  }
}

function positive(value: string | number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`${JSON.stringify(value)} is not a whole number above 0`);
}
