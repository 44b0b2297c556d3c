import { type AgentService, RunPhase, type RunStatus, type SeqRange } from "@salvo/proto/agent_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, sleep } from "@salvo/shared/kernel/signal.ts";
import type { Client } from "@salvo/shared/rpc/client.ts";
import type { Spool } from "../store/spool.ts";
import type { Reach } from "./reach.ts";

/** NATS may still bring what is on its way; when it has brought nothing new for so long, the rest is asked for. */
const QUIET_MS = 250;
const QUIET_MAX_MS = 3_000;
const RETRY_MS = 500;
const STATUS_MS = 5_000;
/** Of one request: an agent takes ten times as many (agent.proto), and answers of one call begin when all were sent. */
const RANGES_MAX = 10_000;
/** An agent that answers so often in a row, and gives nothing of what it says that it has, has it no more. */
const VAIN_MAX = 3;

type Range = Pick<SeqRange, "first" | "last">;

export interface CollectOptions {
  readonly client: Client<typeof AgentService>;
  readonly agent: string;
  readonly run: string;
  readonly spool: Spool;
  /** NATS is connected: worth waiting for. */
  readonly busConnected: () => boolean;
  readonly reach: Reach;
  readonly signal: AbortSignal;
}

/**
 * Fetches what is missing of an agent's records, until none is or the signal gives up. Of one that cannot be reached it is told when
 * its last word is here, and no gap before it: then it has nothing more to give. Throws `corrupt`, naming the agent, when its answers cannot be right.
 */
export async function collectRecords(options: CollectOptions): Promise<void> {
  const { client, agent, run, spool, busConnected, reach, signal } = options;
  for (let vain = 0; ;) {
    try {
      const { lastSeq, phase } = await statusOf(client, run, signal);
      reach.answered();
      // It measures until then.
      if (phase !== RunPhase.ENDED) throw new SalvoError("unavailable", "the agent's run has not ended");
      if (busConnected()) await untilQuiet(spool, agent, lastSeq, signal);
      const ranges = spool.missing(agent, lastSeq);
      await fetchAll(ranges, options);
      await spool.flush();
      const { recordsMax } = spool.limits(agent);
      if (lastSeq > recordsMax)
        throw corrupt(agent, `says that it has ${lastSeq} records; the run's plan gives it ${recordsMax} at most`);
      const left = missingCount(spool.missing(agent, lastSeq));
      if (left === 0) return;
      vain = left < missingCount(ranges) ? 0 : vain + 1;
      if (vain === VAIN_MAX)
        throw corrupt(agent, `says that it has ${lastSeq} records, and does not give ${left} of them`);
    } catch (error) {
      if (signal.aborted) throw error;
      const problem = toSalvoError(error);
      if (problem.kind !== "unavailable" && problem.kind !== "timeout") throw problem;
      if (spool.isWhole(agent)) {
        await spool.flush();
        reach.whole(); // it is waited for all the same: it may be told to forget the run
      }
      await reach.failed({ signal });
    }
    await sleep(RETRY_MS, { signal });
  }
}

/** A watch tells at once how the run is; to describe itself would cost the agent much more. */
async function statusOf(client: Client<typeof AgentService>, run: string, signal: AbortSignal): Promise<RunStatus> {
  using answer = deadline(STATUS_MS, "asking how the run is", signal);
  for await (const { status } of client.watch({ run }, { signal: answer })) if (status) return status;
  throw new SalvoError("unavailable", "the agent says nothing about the run");
}

async function fetchAll(ranges: readonly Range[], options: CollectOptions): Promise<void> {
  const { spool, agent } = options;
  for (let from = 0; from < ranges.length && !spool.ended(agent, "backfilled"); from += RANGES_MAX)
    await fetchSome(ranges.slice(from, from + RANGES_MAX), options);
}

/**
 * What is given is judged by the spool, which leaves out and tells what is no record of the run. New records must be those that
 * were asked for, ascending, and no answer may have more than those: so nobody can go on for ever.
 */
async function fetchSome(ranges: Range[], options: CollectOptions): Promise<void> {
  const { client, agent, run, spool, reach, signal } = options;
  const asked = missingCount(ranges);
  let given = 0;
  let next = 0;
  let at = 0;
  for await (const { records } of client.collect({ run, ranges }, { signal })) {
    if (records.length === 0) throw corrupt(agent, "answers without a record");
    given += records.length;
    if (given > asked) throw corrupt(agent, `gives more records than the ${asked} that it was asked for`);
    for (const payload of records) {
      const record = spool.add(agent, undefined, payload, "backfilled");
      if (!record) continue;
      const { seq } = record;
      while (seq > (ranges[at]?.last ?? Infinity)) at++;
      const range = ranges[at];
      if (!range || seq < range.first || seq < next)
        throw corrupt(agent, `gives record ${seq}, which it was not asked for`);
      next = seq + 1;
      reach.recorded();
    }
    await spool.room(agent);
    if (spool.ended(agent, "backfilled")) return;
  }
}

function corrupt(agent: string, what: string): SalvoError {
  return new SalvoError("corrupt", `agent ${agent} ${what}`, {
    host: agent,
    remedy: "Check that the agent has the controller's version",
  });
}

function missingCount(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

async function untilQuiet(spool: Spool, agent: string, lastSeq: number, signal: AbortSignal): Promise<void> {
  using end = deadline(QUIET_MAX_MS, "waiting for NATS", signal);
  for (let known = -1; spool.missing(agent, lastSeq).length > 0 && !end.aborted;) {
    const now = lastSeq - missingCount(spool.missing(agent, lastSeq));
    if (now === known) return;
    known = now;
    await sleep(QUIET_MS, { signal });
  }
}
