import { create, toBinary } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { EventKind, RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import { join } from "node:path";
import type { AgentConfig } from "@salvo/proto/lab_pb.ts";
import { unreachable } from "../../kernel/assert.ts";
import { SalvoError, toSalvoError } from "../../kernel/error.ts";
import { sleep } from "../../kernel/signal.ts";
import { type Clock, msToNs, nsToMs, type Nanos } from "../../kernel/time.ts";
import { wallOffsetNs } from "../../fio/start.ts";
import type { Journal } from "../../journal/writer.ts";
import type { Logger } from "../../log/logger.ts";
import { type CoreCounters, coreTimes, type DiskCounters, diskChange } from "../domain/counters.ts";
import { beginRun, type RunEffect, type RunEvent, type RunState, step, WATCH_DUE_MS } from "../domain/run-machine.ts";
import { wayChanges, type WayState } from "../domain/way-changes.ts";
import { clockErrorMs, FIRE_NOTICE_MS, fioRuntimeMs, type RunPlan } from "../domain/run-plan.ts";
import { type FioProcess, startFio } from "../fio/process.ts";
import { type RunningPart, watchCpuLimits } from "./cpu-limits.ts";
import type { Lead } from "./lead.ts";
import type { Devices } from "../devices/devices.ts";
import type { OpenDevice } from "../devices/open-device.ts";
import type { Platform } from "../platform.ts";
import { lateGates, standBack, waitClosely, waitPrecisely } from "./precise-wait.ts";

/** fio has this long after its planned end before it is killed. */
const OVERDUE_MS = 10_000;
/** Pause between two dumps of the proof, so that their sub-millisecond phases differ. */
const PROOF_PAUSE_MS = 13;
/** What took so long once may take so much longer the next time. */
const SLOWER = 2;

type Body = NonNullable<MessageInitShape<typeof RecordSchema>["body"]>;

/** A run in progress: performs what the run machine decides, and tells it what happens. */
export interface ActiveRun {
  readonly state: RunState;
  /** Of an armed run: how long before T0 it must know of it. */
  readonly noticeMs: number;
  /** Resolves at the next change of the state; also when the run has ended, after `ended`. */
  changed(): Promise<void>;
  /** Throws what the run machine refuses. Resolves when the effects that must be durable are. */
  tell(event: RunEvent): Promise<void>;
  /** Resolves when the run has ended and its last record was handed to the journal. */
  readonly ended: Promise<void>;
}

export interface RunDeps {
  readonly config: AgentConfig;
  readonly platform: Platform;
  readonly clock: Clock;
  readonly log: Logger;
  readonly lead: Lead;
  readonly journal: Journal;
  /** The run's own folder. */
  readonly folder: string;
  readonly devices: Devices;
}

interface Disk {
  readonly participant: string;
  readonly read: () => DiskCounters | undefined;
  last: DiskCounters | undefined;
}

interface Ways {
  readonly participant: string;
  readonly read: () => readonly WayState[];
  last: readonly WayState[];
}

export function startRun(plan: RunPlan, deps: RunDeps): ActiveRun {
  const { platform, clock, journal, log } = deps;
  const stop = new AbortController();
  const fios: FioProcess[] = [];
  const devices: OpenDevice[] = [];
  const disks: Disk[] = [];
  const ways: Ways[] = [];
  const starts: Nanos[] = [];
  const cpuLimits = watchCpuLimits((pid) => platform.readCpuLimits?.(pid));
  let cores: readonly (CoreCounters | undefined)[] = [];
  let state = beginRun(plan);
  let change = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  let watchDue: NodeJS.Timeout | undefined;
  /** How long looking at everything once more takes on this host: well before the gates open, and just before. */
  let looks = { earlyMs: 0, lateMs: 0 };

  function record(body: Body): void {
    const seq = journal.lastSeq + 1;
    journal.append(toBinary(RecordSchema, create(RecordSchema, { seq, atNs: clock.now(), body })));
  }

  /** A journal that fails ends the run: what cannot be kept need not be measured. */
  function keep(body: Body): void {
    try {
      record(body);
    } catch (error) {
      log.error({ run: plan.run, error }, "the journal failed");
      void tell({ type: "abort", reason: `the journal failed: ${toSalvoError(error).describe()}` });
    }
  }

  async function tell(event: RunEvent): Promise<void> {
    const before = state;
    const decided = step(state, event);
    state = decided.state;
    if (state !== before) {
      change.resolve();
      change = Promise.withResolvers();
    }
    for (const effect of decided.effects) await perform(effect);
  }

  function perform(effect: RunEffect): Promise<void> | void {
    switch (effect.type) {
      case "note":
        return keep({
          case: "event",
          value: { kind: effect.kind, participant: effect.participant, text: effect.text },
        });
      case "make-durable":
        return journal.flush();
      case "await-watcher":
        watchDue = setTimeout(() => void tell({ type: "watch-due" }), WATCH_DUE_MS);
        return;
      case "wait-for-t0":
        return void background(waitForT0(effect.t0Ns));
      case "open-gates":
        for (const fio of fios) fio.open();
        standBack();
        return void background(runFrom(state.t0Ns ?? clock.now()));
      case "sample":
        return sample(effect.tick);
      case "prove-start":
        return void background(proveStarts());
      case "kill":
        stop.abort(new SalvoError("cancelled", `run ${plan.run} was ended`));
        for (const fio of fios) fio.kill();
        return;
      case "end":
        return finish(effect);
      default:
        return unreachable(effect);
    }
  }

  /** Whatever fails on its own ends the run, with the reason. */
  async function background(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (stop.signal.aborted) return;
      log.error({ run: plan.run, error }, "the run failed");
      await tell({ type: "abort", reason: toSalvoError(error).message });
    }
  }

  async function arm(): Promise<void> {
    for (const { id, device: name, deviceHash } of plan.participants) {
      const { sizeBytes } = await deps.devices.find(name);
      const device = await deps.devices.open(name, deviceHash, { signal: stop.signal });
      devices.push(device); // closed at the end of the run, which waits for arming to have ended
      stop.signal.throwIfAborted();
      const fio = await startFio(id, plan, {
        fioPath: deps.config.fio,
        folder: join(deps.folder, id),
        device: { ...device, sizeBytes },
        platform,
        clock,
        onParked: () => void tell({ type: "parked", participant: id }),
        onSample: (value) => keep({ case: "fio", value }),
      });
      fios.push(fio);
      if (stop.signal.aborted) fio.kill();
      void background(see(fio));
      const read = platform.findDisk(device.path);
      if (read) disks.push({ participant: id, read, last: read() });
      const readWays = platform.findWays?.(device.path);
      if (readWays) ways.push({ participant: id, read: readWays, last: [] }); // one that is down by then is told of, too
    }
    looks = { earlyMs: took(lookEarly), lateMs: took(lookLate) };
  }

  function took(look: () => void): number {
    const beganNs = clock.now();
    look();
    return nsToMs(clock.now() - beganNs);
  }

  /** 100 ms or more before T0, as it takes some milliseconds; the device's number again just before the gates open. */
  function lookEarly(): void {
    for (const device of devices) device.recheck();
    cpuLimits.begin(runningParts());
  }

  function runningParts(): RunningPart[] {
    return [{ participant: "", pid: process.pid }, ...fios];
  }

  function lookLate(): void {
    for (const device of devices) device.recheckQuickly();
    cores = platform.readCores();
    for (const disk of disks) disk.last = disk.read();
  }

  /** Hands over all that fio left behind before the machine hears of its end: RunEnd comes last. */
  async function see(fio: FioProcess): Promise<void> {
    const { problem, final, start } = await fio.ended;
    if (final) keep({ case: "final", value: final });
    if (start) {
      keep({ case: "start", value: start });
      starts.push((start.earliestNs + start.latestNs) / 2n - start.releasedAtNs);
    }
    await tell({ type: "exited", participant: fio.participant, problem });
  }

  async function armOrFail(): Promise<void> {
    try {
      await arm();
    } catch (error) {
      const reason = toSalvoError(stop.signal.aborted ? stop.signal.reason : error);
      if (reason.kind === "internal") log.error({ run: plan.run, error }, "arming failed");
      await tell({ type: "abort", reason: reason.describe() });
      const started = new Set(fios.map(({ participant }) => participant));
      for (const { id } of plan.participants) {
        if (!started.has(id)) await tell({ type: "exited", participant: id, problem: reason.describe() });
      }
    }
  }

  async function waitForT0(t0Ns: Nanos): Promise<void> {
    lookEarly();
    for (const value of cpuLimits.found()) keep({ case: "cpuLimit", value });
    const openAtNs = t0Ns - deps.lead.current();
    let told: Promise<void> | undefined;
    const act = () => {
      told = tell({ type: "due", lateMs: nsToMs(clock.now() - openAtNs) });
    };
    let lookMs = 0;
    const justBefore = () => {
      lookMs = took(prepareToOpen);
    };
    const justBeforeMs = looks.lateMs * SLOWER;
    await waitPrecisely(openAtNs, { justBefore, justBeforeMs, act, signal: stop.signal });
    await told;
    const late = lateGates(lookMs);
    if (late !== undefined && state.phase !== "ended")
      keep({ case: "event", value: { kind: EventKind.WARNING, text: late } });
  }

  async function runFrom(t0Ns: Nanos): Promise<void> {
    void background(tick(t0Ns));
    const endNs = t0Ns + msToNs(fioRuntimeMs(plan.workload) + clockErrorMs(plan.workload) + OVERDUE_MS);
    await sleep(nsToMs(endNs - clock.now()), { signal: stop.signal });
    await tell({ type: "overdue" });
  }

  function prepareToOpen(): void {
    lookLate();
    const offsetNs = wallOffsetNs(
      () => clock.now(),
      () => Date.now(),
    );
    for (const fio of fios) fio.prepareToOpen(offsetNs);
  }

  async function tick(t0Ns: Nanos): Promise<void> {
    for (let number = 1; number <= plan.ticks; number++) {
      const atNs = t0Ns + msToNs(number * plan.intervalMs);
      await waitClosely(atNs, { signal: stop.signal });
      await tell({ type: "tick", tick: number });
    }
  }

  function sample(number: number): void {
    for (const fio of fios) fio.ask(number);
    const takenAtNs = clock.now();
    const now = platform.readCores();
    keep({ case: "cpu", value: { tick: number, takenAtNs, cores: coreTimes(cores, now) } });
    cores = now;
    for (const disk of disks) {
      const counters = disk.read();
      const change = disk.last && counters ? diskChange(disk.last, counters) : { gap: true };
      keep({ case: "disk", value: { ...change, participant: disk.participant, tick: number, takenAtNs } });
      disk.last = counters ?? disk.last;
    }
    for (const each of ways) {
      const states = each.read();
      for (const event of wayChanges(each.last, states, number))
        keep({ case: "event", value: { ...event, participant: each.participant } });
      each.last = states;
    }
  }

  /** In the tail, where no figure is disturbed. */
  async function proveStarts(): Promise<void> {
    await sleep(PROOF_PAUSE_MS, { signal: stop.signal }); // the last tick's answers come first
    for (const value of cpuLimits.over(runningParts())) keep({ case: "cpuLimit", value });
    const untilNs = (state.t0Ns ?? clock.now()) + msToNs(fioRuntimeMs(plan.workload));
    while (clock.now() < untilNs && state.phase === "ending") {
      for (const fio of fios) fio.askForProof();
      await sleep(PROOF_PAUSE_MS, { signal: stop.signal });
    }
  }

  async function finish({ outcome, reason }: RunEffect & { type: "end" }): Promise<void> {
    clearTimeout(watchDue);
    stop.abort(new SalvoError("cancelled", `run ${plan.run} has ended`));
    for (const device of devices) device.close();
    try {
      record({ case: "end", value: { outcome, reason } });
      await journal.end();
      await deps.lead.learn(starts);
    } catch (error) {
      log.error({ run: plan.run, error }, "the end of the run could not be kept");
    }
    end.resolve();
    change.resolve(); // for good: nothing changes any more
  }

  void armOrFail();
  return {
    get state() {
      return state;
    },
    get noticeMs() {
      return Math.ceil(FIRE_NOTICE_MS + looks.earlyMs * SLOWER);
    },
    changed: () => change.promise,
    tell,
    ended: end.promise,
  };
}
