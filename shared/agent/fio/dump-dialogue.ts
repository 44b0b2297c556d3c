import { create } from "@bufbuild/protobuf";
import { type FioSample, FioSampleSchema } from "@salvo/proto/telemetry_pb.ts";
import { difference } from "../../fio/difference.ts";
import { noTotals, parseDump } from "../../fio/dump.ts";
import { countedAtNs, proveStart, type StartBounds, type StartWitness } from "../../fio/start.ts";
import { type Clock, msToNs, type Nanos } from "../../kernel/time.ts";

/** fio answers within milliseconds, or when a worker that is stuck comes free. A signal may also be lost: ask again then. */
const LOST_NS = msToNs(2_000);
/** The first dumps bound the start best; a run of days must not keep them all. */
const WITNESSES_MAX = 256;

/**
 * Asks a fio process for cumulative dumps and makes samples of its answers: one question at a time, and what one answer
 * adds to the last is one sample.
 */
export interface DumpDialogue {
  /** Just before fio begins: milliseconds of the wall clock, that fio stamps its dumps with, on our own clock. */
  setWallOffset(ns: Nanos): void;
  /**
   * Takes the sample of a tick. When fio still owes the answer to the tick before, that one is given out as stalled, with
   * counts of 0, and this tick's answer will hold what both did.
   */
  ask(tick: number): void;
  /** One more dump, only for proving the start. Nothing is asked while an answer is owed. */
  askForProof(): void;
  /**
   * A live dump that fio printed; its last document is none. It came now, without `arrival`. Throws `program-failed` or
   * `corrupt` when it is no dump that can follow the last.
   */
  take(document: string, arrival?: Arrival): void;
  /** How long the slowest of its answers took. */
  readonly slowestNs: Nanos;
  /** fio has ended: a tick that it still owes is given out as stalled. */
  end(): void;
  startBounds(): StartBounds | undefined;
}

export interface Arrival {
  readonly receivedAtNs: Nanos;
  /** All I/O that the dump may count had been done by then. */
  readonly ioUntilNs: Nanos;
}

export interface DumpDialogueDeps {
  readonly participant: string;
  readonly clock: Clock;
  /** See FioTiming. */
  readonly stampLagNs?: Nanos;
  /** Makes fio print a dump. */
  readonly request: () => void;
  readonly onSample: (sample: FioSample) => void;
}

/** What fio owes: an answer for a tick, or (tick 0) for the proof alone. */
interface Owed {
  readonly tick: number;
  readonly tickAtNs: Nanos;
  readonly lastAskedAtNs: Nanos;
}

export function createDumpDialogue(deps: DumpDialogueDeps): DumpDialogue {
  const { participant, clock, stampLagNs = 0n, request, onSample } = deps;
  const witnesses: StartWitness[] = [];
  let wallOffsetNs: Nanos = 0n;
  let totals = noTotals();
  let owed: Owed | undefined;
  let slowestNs: Nanos = 0n;
  /**
   * When each signal was sent that no answer has been counted for, the oldest first. fio answers them in order, but a signal
   * may be lost: then every later answer is counted for the question before its own. So an answer was made after the
   * oldest time here, whichever question it belongs to, and that is all that is taken for proven of it.
   */
  const askedAtNs: Nanos[] = [];

  function send(nowNs: Nanos): void {
    askedAtNs.push(nowNs);
    request();
  }

  function question(tick: number): void {
    const nowNs = clock.now();
    owed = { tick, tickAtNs: nowNs, lastAskedAtNs: nowNs };
    send(nowNs);
  }

  function repeat(tick: number, unanswered: Owed): void {
    const nowNs = clock.now();
    const lost = nowNs - unanswered.lastAskedAtNs > LOST_NS;
    owed = { ...unanswered, tick, tickAtNs: nowNs, ...(lost && { lastAskedAtNs: nowNs }) };
    if (lost) send(nowNs);
  }

  return {
    setWallOffset(ns) {
      wallOffsetNs = ns;
    },
    ask(tick) {
      if (!owed) return question(tick);
      if (owed.tick > 0) onSample(stalled(participant, owed));
      return repeat(tick, owed);
    },
    askForProof() {
      if (!owed) question(0);
    },
    take(document, arrival) {
      const { receivedAtNs, ioUntilNs } = arrival ?? nowArrived(clock.now());
      const earliestAskedNs = askedAtNs.shift();
      const answered = owed;
      // A document that nobody waits for, as the second answer to a repeated question.
      if (!answered || earliestAskedNs === undefined) return;
      owed = undefined;
      const tookNs = receivedAtNs - earliestAskedNs;
      if (tookNs > slowestNs) slowestNs = tookNs;
      const now = parseDump(document);
      const { tick, tickAtNs } = answered;
      const { timestampMs, runtimeMs } = now;
      const witness = { askedAtNs: earliestAskedNs, receivedAtNs, timestampMs, wallOffsetNs, stampLagNs, runtimeMs };
      if (witnesses.length < WITNESSES_MAX) witnesses.push(witness);
      if (tick === 0) return;
      const gatheredNs = countedAtNs(witness);
      onSample(
        create(FioSampleSchema, {
          participant,
          tick,
          takenAtNs: tickAtNs,
          runtimeMs,
          countedAtNs: gatheredNs < ioUntilNs ? gatheredNs : ioUntilNs,
          ...difference(totals, now),
        }),
      );
      totals = now;
    },
    get slowestNs() {
      return slowestNs;
    },
    end() {
      if (owed && owed.tick > 0) onSample(stalled(participant, owed));
      owed = undefined;
    },
    startBounds: () => proveStart(witnesses),
  };
}

function nowArrived(nowNs: Nanos): Arrival {
  return { receivedAtNs: nowNs, ioUntilNs: nowNs };
}

function stalled(participant: string, { tick, tickAtNs }: Owed): FioSample {
  return create(FioSampleSchema, { participant, tick, takenAtNs: tickAtNs, stalled: true, read: {}, write: {} });
}
