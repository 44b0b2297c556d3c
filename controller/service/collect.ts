import { type AgentService, RunPhase, type RunStatus } from "@salvo/proto/agent_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, sleep } from "@salvo/shared/kernel/signal.ts";
import type { Client } from "@salvo/shared/rpc/client.ts";
import { decodeRecord } from "../analysis/decode.ts";
import type { Spool } from "../store/spool.ts";

/** NATS may still bring what is on its way; when it has brought nothing new for so long, the rest is asked for. */
const QUIET_MS = 250;
const QUIET_MAX_MS = 3_000;
const RETRY_MS = 500;
const STATUS_MS = 5_000;

export interface CollectOptions {
  readonly client: Client<typeof AgentService>;
  readonly agent: string;
  readonly run: string;
  readonly spool: Spool;
  /** NATS is connected: worth waiting for. */
  readonly busConnected: () => boolean;
  readonly signal: AbortSignal;
}

/** Fetches what is missing of an agent's records, until none is or the signal gives up. */
export async function collectRecords({
  client,
  agent,
  run,
  spool,
  busConnected,
  signal,
}: CollectOptions): Promise<void> {
  for (;;) {
    try {
      const { lastSeq, phase } = await statusOf(client, run, signal);
      // It measures until then.
      if (phase !== RunPhase.ENDED) throw new SalvoError("unavailable", "the agent's run has not ended");
      if (busConnected()) await untilQuiet(spool, agent, lastSeq, signal);
      const ranges = spool.missing(agent, lastSeq);
      if (ranges.length === 0) return await spool.flush();
      for await (const { records } of client.collect({ run, ranges }, { signal })) {
        for (const payload of records) {
          const seq = seqOf(agent, payload);
          if (seq > lastSeq)
            throw new SalvoError("corrupt", `the agent gives record ${seq} of ${lastSeq}`, { host: agent });
          spool.add(agent, seq, payload, "backfilled");
        }
      }
      await spool.flush();
      if (spool.missing(agent, lastSeq).length === 0) return;
    } catch (error) {
      if (signal.aborted) throw error;
      const problem = toSalvoError(error);
      if (problem.kind !== "unavailable" && problem.kind !== "timeout") throw problem;
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

/** Of an agent's own journal every record has its number in itself. */
function seqOf(agent: string, payload: Uint8Array): number {
  try {
    return decodeRecord(payload).seq;
  } catch (error) {
    throw new SalvoError("corrupt", `the agent gives what is no record: ${toSalvoError(error).message}`, {
      host: agent,
      cause: error,
      remedy: "Check that the agent has the controller's version",
    });
  }
}

function missingCount(ranges: ReturnType<Spool["missing"]>): number {
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
