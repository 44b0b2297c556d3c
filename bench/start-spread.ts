import { availableParallelism } from "node:os";
import type { Manifest } from "@salvo/proto/run_pb.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { type Findings, median, quantile } from "./figures.ts";
import { jobWithoutGate } from "./fio-alone.ts";
import { type FioServers, startFioServers } from "./fio-servers.ts";
import { type BenchLab, startBenchLab } from "./lab.ts";
import type { BenchOptions } from "./options.ts";
import { openWitness, type Witness } from "./witness/witness.ts";

const SCRATCH_MIB = 64;
const WORKLOAD = {
  name: "start",
  pattern: "randread",
  blockSize: "4KiB",
  jobs: 1,
  queueDepth: 16,
  ramp: "0s",
  duration: "1s",
};
const WARM_UP_ROUNDS = 1;
/** A machine that others keep busy may spoil a run: it is done again, so many times. */
const TRIES_MAX = 5;

/** What the rounds of one number of participants gave, ms. */
interface Measured {
  readonly participants: number;
  /** Of each participant of each round, how far it began behind the earliest of its round. */
  readonly salvoBehind: number[];
  readonly fioBehind: number[];
  /** Of each round, the last one. */
  readonly salvoLast: number[];
  readonly fioLast: number[];
  /** Of each participant, first I/O minus T0. */
  readonly againstT0: number[];
  /** Of each round, the last one by Salvo's own proof minus the last one by the witness. */
  readonly proofError: number[];
  /** Of each round, half the width of the widest proof: what Salvo says it may be wrong by. */
  readonly proofBound: number[];
  /** Rounds whose verdict was "degraded": the machine was so busy that somebody began more than 10 ms late. */
  degraded: number;
}

/**
 * How far participants begin apart: Salvo against `fio --client` with as many `fio --server`, in turn, on this machine,
 * seen by a witness that is part of neither.
 */
export async function startSpread({ folder, dataFolder, fio, agents, rounds, say }: BenchOptions): Promise<Findings> {
  const cores = availableParallelism();
  const counts = [...new Set([Math.min(cores, ...agents), ...agents])].filter((count) => count > 1);
  const witness = await openWitness(folder, fio);
  say(`witness: ${witness.name}`);
  await using lab = await startBenchLab({
    folder,
    dataFolder,
    agents: Math.max(...counts),
    fio: (home) => witness.wrapFio(home),
    scratchSize: `${SCRATCH_MIB}MiB`,
  });
  await using servers = await startFioServers({
    folder,
    count: Math.max(...counts),
    fio,
    server: (home) => witness.wrapFio(home),
  });
  const results: Measured[] = [];
  for (const count of counts) {
    say(`${count} participants, ${rounds} rounds`);
    results.push(await measure(count, rounds, { lab, servers, witness }));
  }
  return findings(results, { witness, cores, rounds });
}

interface Parts {
  readonly lab: BenchLab;
  readonly servers: FioServers;
  readonly witness: Witness;
}

async function measure(participants: number, rounds: number, { lab, servers, witness }: Parts): Promise<Measured> {
  const homes = lab.agents.slice(0, participants).map(({ home }) => home);
  const jobs = lab.agents.slice(0, participants).map(({ scratch }, index) => {
    const job = jobWithoutGate(WORKLOAD, scratch, BigInt(SCRATCH_MIB) * 2n ** 20n);
    return job + witness.jobLines(servers.homes[index] ?? "");
  });
  const found: Measured = {
    participants,
    salvoBehind: [],
    fioBehind: [],
    salvoLast: [],
    fioLast: [],
    againstT0: [],
    proofError: [],
    proofBound: [],
    degraded: 0,
  };
  for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round++) {
    const manifest = await wholeRun(participants, { lab, witness, homes });
    const salvo = await firstIos(witness, homes);
    await servers.run(jobs);
    const peer = await firstIos(witness, servers.homes.slice(0, participants));
    if (round > 0) add(found, manifest, salvo, peer, witness);
  }
  return found;
}

interface Attempt extends Pick<Parts, "lab" | "witness"> {
  readonly homes: readonly string[];
}

/** The witness forgets what it saw of runs that were spoilt. */
async function wholeRun(participants: number, { lab, witness, homes }: Attempt): Promise<Manifest> {
  for (let tries = 1; ; tries++) {
    try {
      return await lab.run(WORKLOAD, { agents: participants });
    } catch (error) {
      if (tries === TRIES_MAX || toSalvoError(error).kind === "internal") throw error;
      await Promise.allSettled(homes.map((home) => witness.takeFirstIo(home)));
    }
  }
}

function firstIos(witness: Witness, homes: readonly string[]): Promise<bigint[]> {
  return Promise.all(homes.map((home) => witness.takeFirstIo(home)));
}

function add(
  found: Measured,
  manifest: Manifest,
  salvo: readonly bigint[],
  peer: readonly bigint[],
  { clock }: Witness,
): void {
  const salvoBehind = behindMs(salvo);
  const fioBehind = behindMs(peer);
  found.salvoBehind.push(...salvoBehind);
  found.fioBehind.push(...fioBehind);
  found.salvoLast.push(Math.max(...salvoBehind));
  found.fioLast.push(Math.max(...fioBehind));
  const t0 = clock === "monotonic" ? manifest.t0Ns : manifest.t0WallNs;
  found.againstT0.push(...salvo.map((at) => Number(at - t0) / 1e6));
  const own = manifest.summary?.startSpreadMs?.max ?? Number.NaN;
  found.proofError.push(own - Math.max(...salvoBehind));
  const widths = manifest.participants.map((each) => Number(each.firstIoLatestNs - each.firstIoEarliestNs) / 1e6);
  found.proofBound.push(Math.max(...widths) / 2);
  if (manifest.summary?.verdict === "degraded") found.degraded++;
}

function behindMs(instants: readonly bigint[]): number[] {
  const earliest = instants.reduce((least, each) => (each < least ? each : least));
  return instants.map((at) => Number(at - earliest) / 1e6);
}

function findings(
  results: readonly Measured[],
  { witness, cores, rounds }: { readonly witness: Witness; readonly cores: number; readonly rounds: number },
): Findings {
  return {
    tables: [
      {
        title: `How far each participant's first I/O lies behind the earliest of its run, ms (${rounds} rounds, in turn)`,
        columns: ["participants", "", "p50", "p95", "max", "median of each run's last"],
        rows: results.flatMap((each) => [
          spreadRow(each.participants, "Salvo", each.salvoBehind, each.salvoLast),
          spreadRow(each.participants, "fio --client", each.fioBehind, each.fioLast),
          [
            each.participants,
            "fio / Salvo",
            undefined,
            quantile(each.fioBehind, 0.95) / quantile(each.salvoBehind, 0.95),
            Math.max(...each.fioBehind) / Math.max(...each.salvoBehind),
            median(each.fioLast) / median(each.salvoLast),
          ],
        ]),
      },
      {
        title: "Salvo's first I/Os against T0, ms (negative: before)",
        columns: ["participants", "least", "p5", "p50", "p95", "max"],
        rows: results.map(({ participants, againstT0 }) => [
          participants,
          ...[0, 0.05, 0.5, 0.95, 1].map((p) => quantile(againstT0, p)),
        ]),
      },
      {
        title: "Salvo's own startSpreadMs.max minus the witness's, ms",
        columns: ["participants", "median", "p95 of |error|", "greatest |error|", "median bound it states"],
        rows: results.map(({ participants, proofError, proofBound }) => [
          participants,
          median(proofError),
          quantile(proofError.map(Math.abs), 0.95),
          quantile(proofError.map(Math.abs), 1),
          median(proofBound),
        ]),
      },
    ],
    aims: results.flatMap((each) => {
      const p95 = quantile(each.salvoBehind, 0.95);
      const ratio = quantile(each.fioBehind, 0.95) / p95;
      return [
        ...(each.participants <= cores
          ? [
              {
                what: `p95, ${each.participants} jobs on ${cores} cores`,
                aim: "<= 1 ms",
                measured: `${p95.toFixed(3)} ms`,
                met: p95 <= 1,
              },
            ]
          : []),
        {
          what: `fio / Salvo at p95, ${each.participants} participants`,
          aim: ">= 5",
          measured: ratio.toFixed(1),
          met: ratio >= 5,
        },
      ];
    }),
    notes: [
      `Witness: ${witness.name}.`,
      ...results
        .filter(({ degraded }) => degraded > 0)
        .map(
          ({ participants, degraded }) =>
            `${degraded} of ${rounds} runs of ${participants} participants were degraded: the machine was too busy.`,
        ),
    ],
  };
}

function spreadRow(participants: number, who: string, behind: readonly number[], last: readonly number[]) {
  return [participants, who, quantile(behind, 0.5), quantile(behind, 0.95), quantile(behind, 1), median(last)] as const;
}
