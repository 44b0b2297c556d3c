import { RunPhase, type AgentService, type RunStatus } from "@salvo/proto/agent_pb.ts";
import type { Outcome } from "@salvo/proto/telemetry_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { sleep } from "@salvo/shared/kernel/signal.ts";
import type { Clock, Nanos } from "@salvo/shared/kernel/time.ts";
import type { Client } from "@salvo/shared/rpc/client.ts";
import { refusesConnections } from "@salvo/shared/rpc/refusal.ts";

/** Agents speak every second. One that has been silent for so long in mid-run is lost, unless the lab file says another time. */
export const SILENCE_MS = 5_000;
const RETRY_MS = 200;
/** An agent whose host says so often in a row that nobody listens is gone, and its fio with it: 600 ms, and what asking takes. */
const REFUSED_TIMES = 4;

export type WatchNews =
  | { readonly type: "started" }
  | { readonly type: "ended"; readonly outcome: Outcome; readonly reason: string; readonly started: boolean }
  | { readonly type: "trouble"; readonly reason: string }
  | { readonly type: "lost"; readonly reason: string };

export interface WatchOptions {
  readonly client: Client<typeof AgentService>;
  readonly run: string;
  /** The agent's host:port. */
  readonly address: string;
  readonly clock: Clock;
  readonly silenceMs?: number;
  /** While true a broken watch means that the agent disarms: it is lost at once. */
  readonly beforeT0: () => boolean;
  readonly signal: AbortSignal;
}

/**
 * Follows an agent's run to its end, over broken connections and restarts of the agent. Ends after `ended`, or `lost`: before T0
 * at once, in mid-run when connections are refused for 600 ms, or nothing was heard for silenceMs.
 */
export async function* watchRun({
  client,
  run,
  address,
  clock,
  silenceMs = SILENCE_MS,
  beforeT0,
  signal,
}: WatchOptions): AsyncGenerator<WatchNews, void> {
  let toldStarted = false;
  let troubled = false;
  let heardAtNs = clock.now();
  let refusals = 0;
  for (;;) {
    try {
      for await (const { status } of listen(client, { run, silenceMs, signal })) {
        if (!status) continue;
        heardAtNs = clock.now();
        refusals = 0;
        const { phase, outcome, reason, started } = status;
        if (phase === RunPhase.ENDED) return yield { type: "ended", outcome, reason, started };
        if (started && !toldStarted) {
          toldStarted = true;
          yield { type: "started" };
        }
        if (reason && !troubled) {
          troubled = true;
          yield { type: "trouble", reason };
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      const problem = toSalvoError(error);
      refusals = (await refusesConnections(address, { signal })) ? refusals + 1 : 0;
      // It has forgotten the run, or was revoked: asking again changes neither.
      const final =
        problem.kind === "not-found" ||
        problem.kind === "refused" ||
        beforeT0() ||
        refusals >= REFUSED_TIMES ||
        silentMs(clock, heardAtNs) > silenceMs;
      if (final) return yield { type: "lost", reason: describe(problem) };
    }
    await sleep(RETRY_MS, { signal }).catch(() => {}); // the next listen throws the reason
  }
}

interface Listening {
  readonly run: string;
  readonly silenceMs: number;
  readonly signal: AbortSignal;
}

async function* listen(
  client: Client<typeof AgentService>,
  { run, silenceMs, signal }: Listening,
): AsyncGenerator<{ readonly status?: RunStatus | undefined }> {
  const silence = new AbortController();
  const fail = () => silence.abort(new SalvoError("unavailable", `nothing was heard for ${silenceMs} ms`));
  let timer = setTimeout(fail, silenceMs);
  try {
    for await (const response of client.watch({ run }, { signal: AbortSignal.any([signal, silence.signal]) })) {
      clearTimeout(timer);
      timer = setTimeout(fail, silenceMs);
      yield response;
    }
  } finally {
    clearTimeout(timer);
  }
}

function silentMs(clock: Clock, sinceNs: Nanos): number {
  return Number(clock.now() - sinceNs) / 1e6;
}

function describe(problem: SalvoError): string {
  return problem.kind === "not-found"
    ? `the agent has lost the run: ${problem.message}`
    : `the agent is lost: ${problem.message}`;
}
