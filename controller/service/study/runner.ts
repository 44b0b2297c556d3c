/** Runs studies: the one place that decides what is done in which order, for the command line and whatever else shows them. */
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import { createChannel } from "@salvo/shared/kernel/channel.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { type Controller, openController } from "../controller.ts";
import type { LiveView } from "../live.ts";
import type { StudyDeps, StudyPlace } from "./deps.ts";
import type { StudyEvent } from "./events.ts";
import { natsEvents } from "./nats-events.ts";
import { lookAtAgents } from "./preflight.ts";
import { follow, runInOrder } from "./runs.ts";
import { type StudyStorage, studyStorage } from "./storage.ts";

/**
 * Runs what was planned, after all that an earlier life of the controller has left open. Throws `refused`, with nothing begun, for
 * a data folder that another controller has and for agents that cannot do their part. A reader that leaves stops the study.
 */
export function runStudy(specs: readonly RunSpec[], place: StudyPlace): AsyncGenerator<StudyEvent, void, undefined> {
  return eventsOf(place, async (deps) => {
    deps.emit({ type: "planned", runs: specs });
    await using controller = await controllerOf(deps);
    const storage = studyStorage(deps, controller.channels);
    const leftOpen = await finishLeft((options) => controller.resume(options), storage, deps);
    await lookAtAgents(controller.channels, specs, deps);
    const reason = await runInOrder(specs, controller, storage, deps);
    deps.emit({ type: "ended", reason, leftBehind: leftOpen || storage.leftBehind });
  });
}

/**
 * Only finishes what an earlier life of the controller has left open: its runs, and the storage of its scenarios. Agents that hold
 * more of sealed runs are asked again.
 */
export function finishStudies(place: StudyPlace): AsyncGenerator<StudyEvent, void, undefined> {
  return eventsOf(place, async (deps) => {
    await using controller = await controllerOf(deps);
    const storage = studyStorage(deps, controller.channels);
    // Here people wait for agents that were away before; a study does not.
    const leftOpen = await finishLeft((options) => controller.resumeAll(options), storage, deps);
    const reason = { type: deps.signal.aborted ? "stopped" : "done" } as const;
    deps.emit({ type: "ended", reason, leftBehind: leftOpen || storage.leftBehind });
  });
}

/** True when a run stays open. */
async function finishLeft(resume: Controller["resume"], storage: StudyStorage, deps: StudyDeps): Promise<boolean> {
  let [runs, leftOpen] = [0, false];
  for await (const resumed of resume((spec) => follow(spec, "resumed", deps))) {
    runs++;
    if ("manifest" in resumed) deps.emit({ type: "run-sealed", manifest: resumed.manifest });
    else {
      leftOpen = true;
      deps.emit({ type: "left-open", ...resumed });
    }
  }
  deps.emit({ type: "looked-back", runs, storage: await storage.takeDownLeft() });
  return leftOpen;
}

function controllerOf({ dataDir, lab, identities, natsTls, version, logger, emit }: StudyDeps): Promise<Controller> {
  const natsUrl = lab.nats?.url;
  return openController({
    dataDir,
    natsUrl,
    ...(natsTls && { natsTls }),
    lab: identities,
    host: lab.host,
    version,
    logger,
    nats: {
      // Its own server is on this host: how it is the server itself tells.
      onBus: natsUrl === undefined ? () => {} : natsEvents(emit),
      onUnusable: (problem) => emit({ type: "nats", status: "unusable", problem }),
      onServer: ({ type, reason }) => emit({ type: "nats", status: type, reason }),
    },
  });
}

async function* eventsOf(
  place: StudyPlace,
  run: (deps: StudyDeps) => Promise<void>,
): AsyncGenerator<StudyEvent, void, undefined> {
  const events = createChannel<StudyEvent>();
  const left = new AbortController();
  /** Waits in the channel: there may be ten views a second for a week, and a reader that is slow. */
  let waiting: ViewEvent | undefined;

  function emit(event: StudyEvent): void {
    if (event.type !== "view") {
      waiting = undefined; // a later view is not to overtake this event
      events.push(event);
    } else if (waiting) waiting.view = event.view;
    else events.push((waiting = { ...event }));
  }

  const signal = AbortSignal.any([place.signal, left.signal]);
  const running = run({ ...place, signal, emit }).then(
    () => events.close(),
    (error: unknown) => events.close(toSalvoError(error)),
  );
  try {
    for await (const event of events) {
      if (event === waiting) waiting = undefined;
      yield event;
    }
  } finally {
    left.abort(new SalvoError("cancelled", "nobody follows the study any more"));
    await running;
  }
}

interface ViewEvent {
  readonly type: "view";
  view: LiveView;
}
