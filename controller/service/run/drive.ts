import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Manifest, RunSpec } from "@salvo/proto/run_pb.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { NS_PER_MS } from "@salvo/shared/kernel/time.ts";
import type { ConductorEvent } from "../../domain/conductor-events.ts";
import { mayRenew } from "../../domain/renewable.ts";
import { openRunFolder, spoolFolder } from "../../store/layout.ts";
import { loadManifest } from "../../store/manifest.ts";
import { createOpenRun, discardOpenRun, keepIncomplete } from "../../store/openrun.ts";
import { newestFolder } from "../../store/runs.ts";
import { openSpool } from "../../store/spool.ts";
import { createCallLog } from "../call-log.ts";
import { createLive } from "../live.ts";
import { expectedInRun } from "../channels.ts";
import { openRenewals } from "../renewals.ts";
import { askedAgain } from "../run-facts.ts";
import { openRunLog, type RunBegin, type RunLogEntry } from "../run-log.ts";
import { consumeRecords } from "./consuming.ts";
import { type Course, createCourse, type Unstamped } from "./course.ts";
import type { OpenRun, RunDeps, RunOptions } from "./deps.ts";
import { tellAwaited } from "./awaited.ts";
import { followCourse } from "./loop.ts";

/**
 * Drives one run to its sealed archive: from its first event, or, resumed, from where an earlier life of the controller left it.
 * Throws when nothing could be sealed; the run stays open then.
 */
export async function driveRun(
  spec: RunSpec,
  { resumed }: { readonly resumed: boolean },
  deps: RunDeps,
  options: RunOptions,
): Promise<Manifest> {
  const { dataDir, channels, clock } = deps;
  if (!resumed) await createOpenRun(dataDir, spec);
  const folder = openRunFolder(dataDir, spec.run);
  const agents = spec.agents.map(expectedInRun);
  let driven: DrivenRun;
  {
    await using log = await openRunLog(join(folder, "events.journal"));
    await using spool = await openSpool(spoolFolder(folder), spec);
    const [first, ...before] = log.before;
    const begin = first?.type === "begin" ? first : newRun(deps);
    if (!first) await log.append(begin);
    const run: OpenRun = {
      ...deps,
      spec,
      begin,
      log,
      spool,
      agents: new Map(agents.map((agent) => [agent.id, channels.client(agent)])),
      renewals: openRenewals({ ...deps, agents, wallMs: () => Number(clock.wall() / NS_PER_MS) }),
      calls: createCallLog({ ...deps, run: spec.run }),
      live: createLive(spec, clock, options.onView),
    };
    driven = await driveOpenRun(run, { resumed, before }, options.abort);
  }
  if (driven.heldBy.length > 0) await keepIncomplete(dataDir, spec.run);
  else await discardOpenRun(dataDir, spec.run);
  return driven.manifest;
}

interface DrivenRun {
  readonly manifest: Manifest;
  /** Agents that hold it still, and can be asked again later: what there is must be kept until then. */
  readonly heldBy: readonly string[];
}

interface Earlier {
  readonly resumed: boolean;
  /** What has happened since the run began; nothing of a run that is not resumed. */
  readonly before: readonly RunLogEntry[];
}

async function driveOpenRun(run: OpenRun, earlier: Earlier, abort: AbortSignal): Promise<DrivenRun> {
  const { clock, renewals, spec, dataDir } = run;
  const course = createCourse(spec, clock);
  const stopTelling = tellAwaited(run, course);
  const beside = Promise.all([
    consumeRecords(run, course),
    renewals.keep(() => mayRenew(course.state, clock.now()), course.over),
  ]);
  try {
    if (earlier.resumed && earlier.before.length > 0) await renewals.revive();
    for (const entry of earlier.before) if (entry.type !== "begin") course.take(entry);
    course.emit(firstEvent(earlier, run.begin, course));
    abortBy(abort, course);
    const manifest = await followCourse(run, course);
    return {
      // An earlier life may have sealed it.
      manifest: manifest ?? (await loadManifest(await newestFolder(dataDir, spec.run))),
      heldBy: askedAgain(course.state),
    };
  } finally {
    stopTelling();
    course[Symbol.dispose]();
    await beside;
  }
}

function abortBy(abort: AbortSignal, course: Course): void {
  const onAbort = () => course.emit({ type: "abort", reason: toSalvoError(abort.reason).message });
  if (abort.aborted) onAbort();
  abort.addEventListener("abort", onAbort, { signal: course.over });
}

/** What a controller that died before the first event was about to do, perhaps days ago, is not done now. */
function firstEvent({ resumed, before }: Earlier, begin: RunBegin, course: Course): Unstamped<ConductorEvent> {
  if (!resumed) return { type: "begin" };
  if (course.state.phase === "done") return { type: "again" };
  if (before.length > 0) return { type: "resumed", sameBoot: begin.bootId === bootId() };
  return { type: "abort", reason: "the controller ended before anything began" };
}

function newRun({ clock, url }: RunDeps): RunBegin {
  return {
    type: "begin",
    nonce: randomBytes(18).toString("base64url"),
    bootId: bootId(),
    anchor: { monotonicNs: clock.now(), wallNs: clock.wall() },
    natsUrl: url,
  };
}

/** proc_sys_kernel(5). The controller runs on Linux. */
function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
}
