import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { collectRecords } from "@salvo/controller/service/collect.ts";
import { openChannels } from "@salvo/controller/service/channels.ts";
import { testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { createLive } from "@salvo/controller/service/live.ts";
import { startNatsServer } from "@salvo/controller/service/nats-server.ts";
import { openSpool, type Spool } from "@salvo/controller/store/spool.ts";
import { connectBus } from "@salvo/shared/bus/connection.ts";
import { consumeRun } from "@salvo/shared/bus/consume.ts";
import { openJournal } from "@salvo/shared/journal/writer.ts";
import { systemClock } from "@salvo/shared/kernel/time.ts";
import { startProcess } from "@salvo/shared/process/start.ts";
import { type SyntheticRun, syntheticRun } from "@salvo/shared/testing/records.fixture.ts";
import { firstLine, startBenchAgent } from "./agent.ts";
import { type Findings, median } from "./figures.ts";
import type { BenchOptions } from "./options.ts";
import { readUsage } from "./usage.ts";

/** What one agent of ours writes in a tick: a sample and the disk's counters for each of four devices, and its cores. */
const DEVICES = 4;
const RECORDS_PER_TICK = 2 * DEVICES + 1;
const BINS = 40;
const FLUSH_EVERY = 20_000;

interface Ingested {
  readonly records: number;
  readonly seconds: number;
  /** CPU time of each part, us for each record. */
  readonly cpuUs: Readonly<Record<"agents" | "nats" | "controller", number>>;
}

/** From journals on disk to the controller's spool, flushed: through NATS, as in a run, and by Collect, as after one. */
export async function ingest({ folder, fio, agents, rounds, samples, say }: BenchOptions): Promise<Findings> {
  const [count = 1] = agents;
  const run = syntheticRun({
    agents: count,
    participantsPerAgent: DEVICES,
    intervalMs: 100,
    rampTicks: 0,
    ticks: Math.ceil(samples / count / RECORDS_PER_TICK),
    binsPerSample: BINS,
    cores: 4,
  });
  say("writing the agents' journals");
  const ids = run.spec.agents.map(({ id }) => id);
  const written = await Promise.all(ids.map((id) => writeJournal(journalOf(folder, id, run), run, id)));
  const total = written.reduce((sum, { records }) => sum + records, 0);
  const bytes = written.reduce((sum, each) => sum + each.bytes, 0);

  const results: { readonly bus: Ingested; readonly collect: Ingested }[] = [];
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round} of ${rounds}`);
    const place = join(folder, `round${round}`);
    const bus = await throughNats(join(place, "nats"), { run, folder, total });
    results.push({ bus, collect: await byCollect(join(place, "collect"), { run, folder, total, fio }) });
  }
  return findings(results, { count, total, bytesEach: bytes / total });
}

function journalOf(folder: string, agent: string, { spec }: SyntheticRun): string {
  // Where a real agent looks for what it left behind.
  return join(folder, agent, "data", "runs", spec.run, "journal");
}

async function writeJournal(path: string, run: SyntheticRun, agent: string) {
  await mkdir(dirname(path), { recursive: true });
  await using journal = await openJournal(path);
  let records = 0;
  let bytes = 0;
  for (const { payload } of run.payloads(agent)) {
    journal.append(payload);
    bytes += payload.length;
    if (++records % FLUSH_EVERY === 0) await journal.flush();
  }
  return { records, bytes };
}

interface Input {
  readonly run: SyntheticRun;
  readonly folder: string;
  readonly total: number;
}

async function throughNats(place: string, { run, folder, total }: Input): Promise<Ingested> {
  const { spec } = run;
  const main = fileURLToPath(import.meta.resolve("./ingest-agent.ts"));
  await using undo = new AsyncDisposableStack();
  const nats = undo.use(await startNatsServer({ dataDir: join(place, "server") }));
  const bus = undo.use(await connectBus({ url: nats.url, name: "controller" }));
  const spool = undo.use(await newSpool(place, run));
  const agents = await Promise.all(
    spec.agents.map(async ({ id }) => {
      const args = [main, journalOf(folder, id, run), nats.url, spec.lab, spec.run, id];
      const agent = undo.use(await startProcess(process.execPath, args));
      await firstLine(id, agent);
      return agent;
    }),
  );
  const cpu = watchCpu({ agents: agents.map(({ pid }) => pid), nats: [nats.pid], controller: [process.pid] });
  const live = createLive(spec, systemClock, () => {});
  const done = new AbortController();
  const began = performance.now();
  for (const agent of agents) agent.signal("SIGUSR2");
  let received = 0;
  for await (const { agent, seq, payload } of consumeRun({ bus, lab: spec.lab, run: spec.run, signal: done.signal })) {
    const record = spool.add(agent, seq, payload, "received");
    if (!record) continue;
    live.record(record);
    if (++received === total) break;
  }
  await spool.flush();
  return { records: total, seconds: (performance.now() - began) / 1000, cpuUs: cpu(total) };
}

async function byCollect(
  place: string,
  { run, folder, total, fio }: Input & { readonly fio: string },
): Promise<Ingested> {
  const { spec } = run;
  await using undo = new AsyncDisposableStack();
  const lab = await testLab(place);
  const agents = await Promise.all(
    spec.agents.map(async ({ id }) =>
      undo.use(await startBenchAgent({ id, folder, lab, fio: async () => fio, scratchSize: "1MiB" })),
    ),
  );
  const spool = undo.use(await newSpool(place, run));
  const channels = undo.use(openChannels(lab));
  const cpu = watchCpu({ agents: agents.map(({ pid }) => pid), nats: [], controller: [process.pid] });
  const began = performance.now();
  await Promise.all(
    agents.map(({ id, address }) =>
      collectRecords({
        client: channels.client({ id, address, roles: ["workload"] }),
        agent: id,
        run: spec.run,
        spool,
        busConnected: () => false,
        reach: { recorded() {}, answered() {}, whole() {}, failed: async () => {} },
        signal: new AbortController().signal,
      }),
    ),
  );
  return { records: total, seconds: (performance.now() - began) / 1000, cpuUs: cpu(total) };
}

async function newSpool(place: string, { spec }: SyntheticRun): Promise<Spool> {
  await mkdir(place, { recursive: true });
  return openSpool(join(place, "spool"), spec);
}

type Pids = Readonly<Record<"agents" | "nats" | "controller", readonly number[]>>;

function watchCpu(pids: Pids): (records: number) => Ingested["cpuUs"] {
  const usedNs = (of: readonly number[]) => of.reduce((sum, pid) => sum + readUsage(pid).cpuNs, 0n);
  const read = () => ({
    agents: usedNs(pids.agents),
    nats: usedNs(pids.nats),
    controller: usedNs(pids.controller),
  });
  const before = read();
  return (records) => {
    const after = read();
    const each = (part: keyof Pids) => Number(after[part] - before[part]) / 1000 / records;
    return { agents: each("agents"), nats: each("nats"), controller: each("controller") };
  };
}

function findings(
  results: readonly { readonly bus: Ingested; readonly collect: Ingested }[],
  { count, total, bytesEach }: { readonly count: number; readonly total: number; readonly bytesEach: number },
): Findings {
  const rates = (route: "bus" | "collect") => results.map((result) => result[route].records / result[route].seconds);
  const row = (name: string, route: "bus" | "collect") => {
    const cpu = (part: keyof Pids) => median(results.map((result) => result[route].cpuUs[part]));
    return [name, median(rates(route)), Math.min(...rates(route)), Math.max(...rates(route))].concat([
      cpu("agents"),
      cpu("nats"),
      cpu("controller"),
    ]);
  };
  const ratio = median(rates("collect")) / median(rates("bus"));
  return {
    tables: [
      {
        title: `${total.toLocaleString("en-GB")} records of ${Math.round(bytesEach)} B from ${count} agents to the flushed spool (${results.length} rounds, in turn)`,
        columns: ["", "records/s: median", "least", "most", "CPU us a record: agents", "nats-server", "controller"],
        rows: [
          row("through NATS", "bus"),
          row("by Collect", "collect"),
          ["Collect / NATS", ratio, undefined, undefined, undefined, undefined, undefined],
        ],
      },
    ],
    aims: (["bus", "collect"] as const).map((route) => ({
      what: route === "bus" ? "through NATS" : "by Collect",
      aim: ">= 50,000 records/s",
      measured: Math.round(median(rates(route))).toLocaleString("en-GB"),
      met: median(rates(route)) >= 50_000,
    })),
    notes: [],
  };
}
