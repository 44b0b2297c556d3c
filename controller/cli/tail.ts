import { join } from "node:path";
import { type Bus, type BusStatus, connectBus } from "@salvo/shared/bus/connection.ts";
import { consumeRun } from "@salvo/shared/bus/consume.ts";
import { storedRuns } from "@salvo/shared/bus/stored-runs.ts";
import { loadLab } from "@salvo/shared/config/files.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { unlessAborted } from "@salvo/shared/kernel/signal.ts";
import { busTls } from "../service/nats-access.ts";
import { lastNatsUrl } from "../service/nats-server.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { Io } from "./io.ts";
import { openRuns, sealedRuns, unknownRun } from "../store/runs.ts";
import { openLabOf } from "./lab.ts";
import { type TailFormat, tailHeader, tailLines } from "./tail-format.ts";
import { createTailRecords } from "./tail-record.ts";
import { createSeen, createTailTimes } from "./tail-times.ts";

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
  const url = lab.nats?.url ?? (await lastNatsUrl(join(data, "nats")));
  if (run !== undefined && lab.nats?.url === undefined) await checkKnown(run, data);
  const identities = await openLabOf(file, lab);
  const stop = new AbortController();
  const onSignal = () => stop.abort(new SalvoError("cancelled", "stopped"));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, onSignal);
  io.stderr.write(`listening to ${url}; Ctrl-C ends\n`);

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
      signal: stop.signal,
      onStatus: onceMissing(() => io.stderr.write(`there is no NATS server at ${url} now; waiting for one\n`)),
    });
    if (run !== undefined) await checkRun(bus, lab.name, run, data);
    for await (const message of consumeRun({ bus, lab: lab.name, run, signal: stop.signal })) {
      if (kind && !kind.includes(message.kind)) continue;
      const { run, agent, seq, storedAtNs } = message;
      const record = recordOf(message);
      if (!record || seen(run, agent, seq)) continue;
      const wallNs = times.wallNs(run, agent, storedAtNs, record);
      const lines = tailLines(format, { run, agent, wallNs, record });
      await writeText(io, lines.map((line) => `${line}\n`).join(""), stop.signal);
    }
  } catch (error) {
    if (!stop.signal.aborted) throw toSalvoError(error);
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
  throw new SalvoError("wrong-state", `run ${run} has ended, and the stream has nothing of it any more`, {
    remedy: "Its archive has all: salvo report, or salvo runs --sql",
  });
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
