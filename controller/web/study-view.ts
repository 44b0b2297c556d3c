/** What a person sees of a study, made from its events. */
import type { RunSpec, RunSummary } from "@salvo/proto/run_pb.ts";
import { PHASE_WORDS } from "../service/phase-words.ts";
import type { LiveView } from "../service/live.ts";
import type { StudyEvent } from "../service/study/events.ts";
import { textOf } from "../service/study/texts.ts";
import { summaryOf } from "../store/manifest.ts";
import { type LivePoint, type LiveState, POINTS_MAX, type RunResult, type RunState, type StudyState } from "./state.ts";

const NOTES_MAX = 200;

export interface StudyView {
  add(event: StudyEvent): void;
  state(): Pick<StudyState, "runs" | "notes" | "live">;
}

export function createStudyView(): StudyView {
  const runs = new Map<string, RunState>();
  const notes: string[] = [];
  let spec: RunSpec | undefined;
  let live: LiveState | undefined;

  const plan = (planned: RunSpec) =>
    void runs.set(planned.run, { run: planned.run, title: titleOf(planned), repeat: planned.repeat });

  return {
    add(event) {
      const text = textOf(event);
      if (text !== undefined) {
        notes.push(text);
        notes.splice(0, notes.length - NOTES_MAX);
      }
      if (event.type === "planned") for (const each of event.runs) plan(each);
      else if (event.type === "run-begun") {
        spec = event.spec;
        live = undefined;
        if (!runs.has(spec.run)) plan(spec);
      } else if (event.type === "view" && spec) live = liveOf(spec, event.view, live);
      else if (event.type === "run-sealed") {
        live = undefined;
        const summary = summaryOf(event.manifest);
        const known = runs.get(summary.run) ?? { run: summary.run, title: titleOf(summary), repeat: summary.repeat };
        runs.set(summary.run, { ...known, result: resultOf(summary) });
      }
    },
    state: () => ({ runs: [...runs.values()], notes: [...notes], ...(live && { live }) }),
  };
}

function titleOf({ scenario, workload }: RunSpec | RunSummary): string {
  return `${scenario}/${typeof workload === "string" ? workload : (workload?.name ?? "")}`;
}

function liveOf(spec: RunSpec, view: LiveView, before: LiveState | undefined): LiveState {
  const points = before?.points ?? [];
  const isNew = view.tick > 0 && view.tick !== before?.tick;
  const next: readonly LivePoint[] = isNew ? [...points, pointOf(spec, view)].slice(-POINTS_MAX) : points;
  return {
    run: spec.run,
    title: titleOf(spec),
    phase: PHASE_WORDS[view.phase],
    tick: view.tick,
    ticks: view.ticks,
    participants: spec.participants.length,
    reported: view.reported,
    ...(view.leftMs !== undefined && { leftMs: Math.round(view.leftMs) }),
    points: next,
  };
}

function pointOf({ intervalMs }: RunSpec, { tick, iops, mibPerSec, p99Us }: LiveView): LivePoint {
  return { atS: (tick * intervalMs) / 1000, iops, mibPerSec, ...(p99Us !== undefined && { p99Us }) };
}

export function resultOf({ verdict, reason, totals, startSpreadMs, startBoundUs, warnings }: RunSummary): RunResult {
  const latency = totals?.latencyUs;
  return {
    verdict,
    reason,
    ...(totals && { iops: totals.iops, mibPerSec: totals.mibPerSec }),
    ...(latency?.p50 !== undefined && { p50Us: latency.p50 }),
    ...(latency?.p99 !== undefined && { p99Us: latency.p99 }),
    ...(startSpreadMs && { startSpreadMs: startSpreadMs.max, startBoundMs: startBoundUs / 1000 }),
    warnings: [...warnings],
  };
}
