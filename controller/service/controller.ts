import { join } from "node:path";
import type { Manifest, RunSpec } from "@salvo/proto/run_pb.ts";
import { type Bus, type BusStatus, type BusTls, connectBus } from "@salvo/shared/bus/connection.ts";
import { natsTls } from "@salvo/shared/identity/nats.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { unlessAborted } from "@salvo/shared/kernel/signal.ts";
import { systemClock } from "@salvo/shared/kernel/time.ts";
import type { Logger } from "@salvo/shared/log/logger.ts";
import { openDataFolder } from "../store/datafolder.ts";
import { discardOpenRun, keepIncomplete, readOpenRun, reopenIncomplete } from "../store/openrun.ts";
import { incompleteRuns, openRuns } from "../store/runs.ts";
import type { AuditedLab } from "./audited-lab.ts";
import { type Channels, openChannels } from "./channels.ts";
import { natsSecurity } from "./nats-security.ts";
import { type NatsServer, type NatsServerStatus, startNatsServer } from "./nats-server.ts";
import type { RenewalPace } from "./renewals.ts";
import type { RunDeps, RunOptions } from "./run/deps.ts";
import { driveRun } from "./run/drive.ts";

export interface Controller extends AsyncDisposable {
  /** Throws only when nothing could be sealed; whatever else goes wrong is the run's verdict. */
  run(spec: RunSpec, options: RunOptions): Promise<Manifest>;
  /** Runs that an earlier life of the controller left open, oldest first, each brought to its end where that is possible. */
  resume(options: (spec: RunSpec) => RunOptions): AsyncGenerator<Resumed>;
  /** As resume, and then sealed runs that agents hold still: those are asked again, and what they give is sealed beside. */
  resumeAll(options: (spec: RunSpec) => RunOptions): AsyncGenerator<Resumed>;
  readonly channels: Channels;
}

export type Resumed =
  | { readonly run: string; readonly manifest: Manifest }
  | { readonly run: string; readonly problem: SalvoError };

export interface ControllerOptions {
  readonly dataDir: string;
  /** An existing NATS; without it the controller starts its own. */
  readonly natsUrl: string | undefined;
  /** What it is shown; without it the controller's own certificate. */
  readonly natsTls?: BusTls;
  /** Who the controller and its agents are. */
  readonly lab: AuditedLab;
  /** Where agents reach this host. */
  readonly host: string;
  readonly version: string;
  readonly logger: Logger;
  /** How NATS is, told as it changes. */
  readonly nats?: NatsWatch;
  /** How certificates are looked after in mid-run. */
  readonly pace?: RenewalPace;
}

export interface NatsWatch {
  readonly onBus: (status: BusStatus) => void;
  /** It is not dialled again: the address cannot be one, or the like. */
  readonly onUnusable: (problem: SalvoError) => void;
  /** Of the controller's own server. */
  readonly onServer: (status: NatsServerStatus & { readonly type: "died" | "stale" }) => void;
}

/** One controller per data folder. Throws `refused` when there is another, and when its nats-server cannot be started. */
export async function openController(options: ControllerOptions): Promise<Controller> {
  const { dataDir, natsUrl, lab, version, logger } = options;
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(await openDataFolder(dataDir));
  const nats = natsUrl === undefined ? undo.use(await embeddedNats(folder.path, options)) : undefined;
  const url = natsUrl ?? nats?.url ?? "";

  const stop = new AbortController();
  const bus = connectBus({
    url,
    name: "controller",
    tls: options.natsTls ?? natsTls(lab.lab, lab.controller),
    signal: stop.signal,
    onStatus: (status) => {
      logger.debug({ status }, "bus");
      if (!stop.signal.aborted) options.nats?.onBus(status);
    },
  });
  let connected: Bus | undefined;
  bus.then(
    (open) => (connected = open),
    (error: unknown) => {
      logger.debug({ error }, "NATS was never reached");
      if (!stop.signal.aborted) options.nats?.onUnusable(toSalvoError(error));
    },
  );
  undo.defer(async () => {
    stop.abort(new SalvoError("cancelled", "the controller ends"));
    await connected?.[Symbol.asyncDispose]();
  });

  const channels = undo.use(openChannels(lab));
  const deps: RunDeps = {
    dataDir: folder.path,
    url,
    version,
    logger,
    pace: options.pace,
    channels,
    lab,
    clock: systemClock,
    bus: () => connected,
    untilBus: (signal) => unlessAborted(bus, signal),
  };
  const open = undo.move();
  return {
    run: (spec, options) => driveRun(spec, { resumed: false }, deps, options),
    resume: (options) => resumeRuns(deps, options),
    async *resumeAll(options) {
      // Of before: what is incomplete only now was asked a moment ago.
      const incomplete = await incompleteRuns(deps.dataDir);
      yield* resumeRuns(deps, options);
      yield* completeRuns(deps, incomplete, options);
    },
    channels,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function* resumeRuns(deps: RunDeps, options: (spec: RunSpec) => RunOptions): AsyncGenerator<Resumed> {
  for (const run of (await openRuns(deps.dataDir)).toSorted()) {
    try {
      const spec = await readOpenRun(deps.dataDir, run);
      if (spec) yield { run, manifest: await driveRun(spec, { resumed: true }, deps, options(spec)) };
      else await discardOpenRun(deps.dataDir, run);
    } catch (error) {
      // It stays as it is, for whoever can put it right; the others are not to wait for that.
      deps.logger.debug({ run, error }, "a run cannot be brought to its end");
      yield { run, problem: stuck(run, toSalvoError(error)) };
    }
  }
}

async function* completeRuns(
  deps: RunDeps,
  runs: readonly string[],
  options: (spec: RunSpec) => RunOptions,
): AsyncGenerator<Resumed> {
  for (const run of runs.toSorted()) {
    await reopenIncomplete(deps.dataDir, run);
    try {
      const spec = await readOpenRun(deps.dataDir, run);
      if (!spec) throw new SalvoError("corrupt", "its spec is not there any more");
      yield { run, manifest: await driveRun(spec, { resumed: true }, deps, options(spec)) };
    } catch (error) {
      deps.logger.debug({ run, error }, "a run cannot be completed");
      // Sealed it is all the same: no later run has to care.
      await keepIncomplete(deps.dataDir, run);
      yield { run, problem: stuck(run, toSalvoError(error)) };
    }
  }
}

/** Whatever keeps a run from its end, there is a way out. */
function stuck(run: string, problem: SalvoError): SalvoError {
  const { kind, message, host, file, line, column, remedy } = problem;
  const wayOut = `salvo discard ${run} gives the run up`;
  return new SalvoError(kind, message, {
    ...(host !== undefined && { host }),
    ...(file !== undefined && { file }),
    ...(line !== undefined && { line }),
    ...(column !== undefined && { column }),
    cause: problem,
    remedy: remedy === undefined ? wayOut : `${remedy}. Or else: ${wayOut}`,
  });
}

async function embeddedNats(dataDir: string, { lab, host, logger, nats }: ControllerOptions): Promise<NatsServer> {
  const folder = join(dataDir, "nats");
  return startNatsServer({
    dataDir: folder,
    access: { host, security: await natsSecurity(folder, lab, [host]) },
    onStatus: (status) => {
      logger.debug({ status }, "nats-server");
      if (status.type === "ready") return;
      if (nats) nats.onServer(status);
      else logger.warn({ status }, `nats-server ${status.type}`);
    },
  });
}
