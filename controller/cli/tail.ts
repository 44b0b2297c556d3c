import { join, resolve } from "node:path";
import { type Bus, type BusStatus, connectBus } from "@salvo/shared/bus/connection.ts";
import { consumeRun, type RunMessage } from "@salvo/shared/bus/consume.ts";
import { storedRuns } from "@salvo/shared/bus/stored-runs.ts";
import { loadLab } from "@salvo/shared/config/files.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { sleep, unlessAborted } from "@salvo/shared/kernel/signal.ts";
import { busTls } from "../service/nats-access.ts";
import { lastNatsUrl } from "../service/nats-server.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { Io } from "./io.ts";
import { openRuns, sealedRuns, unknownRun } from "../store/runs.ts";
import { openLabOf } from "./lab.ts";
import { type TailFormat, tailHeader, tailLines } from "./tail-format.ts";
import { createTailRecords } from "./tail-record.ts";
import { createSeen, createTailTimes } from "./tail-times.ts";

const LOOK_MS = 500;

export interface TailCommand {
  readonly lab: string;
  readonly data: string;
  readonly run?: string;
  readonly format: TailFormat;
  readonly kind?: readonly string[];
}

/** What the lab's stream has, and then what comes, until Ctrl-C. The controller that runs the study need not know of it. */
export async function tailRecords({ lab: file, data, run, format, kind }: TailCommand, io: Io): Promise<number> {
  const { message: lab } = await loadLab(file);
  if (run !== undefined && lab.nats?.url === undefined) await checkKnown(run, data);
  const identities = await openLabOf(file, lab);
  using stop = io.stop();
  const url = lab.nats?.url ?? (await untilNatsUrl(data, io, stop.signal));
  if (url === undefined) return EXIT.ok.code;
  io.stderr.write(`listening to ${url}; Ctrl-C ends\n`);
  /** Nothing will come to it, and where nobody serves what came nobody will. */
  const isOver = run !== undefined && (await isSealed(run, data));
  const gone = new AbortController();
  const signal = AbortSignal.any([stop.signal, gone.signal]);

  const header = tailHeader(format);
  if (header !== undefined) io.stdout.write(`${header}\n`);
  const seen = createSeen();
  const times = createTailTimes();
  const recordOf = createTailRecords((line) => io.stderr.write(`${line}\n`));
  try {
    await using bus = await connectBus({
      url,
      name: `tail-${process.pid}`,
      tls: await busTls(lab.nats, identities),
      signal,
      onStatus: onceMissing(() => {
        if (isOver) gone.abort(notThere(run, `there is no NATS server at ${url}`));
        else io.stderr.write(`there is no NATS server at ${url} now; waiting for one\n`);
      }),
    });
    if (run !== undefined) await checkRun(bus, lab.name, run, data);
    for await (const message of messagesOf(consumeRun({ bus, lab: lab.name, run, signal }), isOver)) {
      if (kind && !kind.includes(message.kind)) continue;
      const { run, agent, seq, storedAtNs } = message;
      const record = recordOf(message);
      if (!record || seen(run, agent, seq)) continue;
      const wallNs = times.wallNs(run, agent, storedAtNs, record);
      const lines = tailLines(format, { run, agent, wallNs, record });
      await writeText(io, lines.map((line) => `${line}\n`).join(""), stop.signal);
    }
    gone.signal.throwIfAborted();
  } catch (error) {
    if (!stop.signal.aborted) throw toSalvoError(gone.signal.aborted ? gone.signal.reason : error);
  }
  return EXIT.ok.code;
}

/** The embedded server serves the runs of its data folder, and is gone most of the time. */
async function checkKnown(run: string, data: string): Promise<void> {
  const known = [...(await sealedRuns(data)).toSorted(), ...(await openRuns(data)).toSorted()];
  if (!known.includes(run)) throw unknownRun(run, known, data);
}

/** Throws when the stream has nothing of the run and nobody will add to it: there would be nothing to wait for. */
async function checkRun(bus: Bus, lab: string, run: string, data: string): Promise<void> {
  const stored = await storedRuns(bus, lab);
  if (stored.includes(run) || (await openRuns(data)).includes(run)) return;
  if (!(await sealedRuns(data)).includes(run)) throw unknownRun(run, stored);
  throw notThere(run, "the stream has nothing of it any more");
}

async function isSealed(run: string, data: string): Promise<boolean> {
  return (await sealedRuns(data)).includes(run) && !(await openRuns(data)).includes(run);
}

function notThere(run: string, why: string): SalvoError {
  return new SalvoError("wrong-state", `run ${run} has ended, and ${why}`, {
    remedy: `Its archive has all: salvo report ${run}, or salvo runs --sql`,
  });
}

/** Before the first run of a data folder nobody knows where its server will listen. Undefined when Ctrl-C came first. */
async function untilNatsUrl(data: string, io: Io, signal: AbortSignal): Promise<string | undefined> {
  const folder = join(data, "nats");
  let told = false;
  while (!signal.aborted) {
    try {
      return await lastNatsUrl(folder);
    } catch (error) {
      if (toSalvoError(error).kind !== "not-found") throw error;
    }
    if (!told) io.stderr.write(`waiting for the first run of the data folder ${resolve(data)} (--data); Ctrl-C ends\n`);
    told = true;
    await sleep(LOOK_MS, { signal }).catch(() => {}); // the loop sees the end
  }
  return undefined;
}

/** All that comes; of a run that is over, what the stream has of it. */
async function* messagesOf(messages: AsyncIterable<RunMessage>, isOver: boolean): AsyncGenerator<RunMessage> {
  for await (const message of messages) {
    yield message;
    if (isOver && message.pending === 0) return;
  }
}

/** Waits while whoever reads is slower than the bus: what it does not take stays there. */
async function writeText({ stdout }: Io, text: string, signal: AbortSignal): Promise<void> {
  if (text === "" || stdout.write(text) !== false || !stdout.once) return;
  const drained = Promise.withResolvers<void>();
  stdout.once("drain", drained.resolve);
  await unlessAborted(drained.promise, signal);
}

/** Tells of the first failed attempt; the many that may follow say nothing new. */
function onceMissing(tell: () => void): (status: BusStatus) => void {
  let told = false;
  return ({ type }) => {
    if (type === "disconnected" && !told) tell();
    told = type === "disconnected";
  };
}
