import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Manifest, RunSpec } from "@salvo/proto/run_pb.ts";
import { type Bus, type BusTls, connectBus } from "@salvo/shared/bus/connection.ts";
import { natsTls } from "@salvo/shared/identity/nats.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { unlessAborted } from "@salvo/shared/kernel/signal.ts";
import { type Clock, NS_PER_MS, systemClock } from "@salvo/shared/kernel/time.ts";
import type { Logger } from "@salvo/shared/log/logger.ts";
import { openDataFolder } from "../store/datafolder.ts";
import { openRunFolder, spoolFolder } from "../store/layout.ts";
import { createOpenRun, discardOpenRun, keepIncomplete, readOpenRun, reopenIncomplete } from "../store/openrun.ts";
import { incompleteRuns, openRuns } from "../store/runs.ts";
import { openSpool } from "../store/spool.ts";
import type { AuditedLab } from "./audited-lab.ts";
import { type Channels, openChannels } from "./channels.ts";
import { createLive, type LiveView } from "./live.ts";
import { natsSecurity } from "./nats-security.ts";
import { type NatsServer, startNatsServer } from "./nats-server.ts";
import { openRenewals, type RenewalPace } from "./renewals.ts";
import { type DrivenRun, driveRun } from "./run.ts";
import { openRunLog, type RunBegin } from "./run-log.ts";

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

export interface RunOptions {
  readonly onView: (view: LiveView) => void;
  /** Stops all participants; what was measured until then is sealed. */
  readonly abort: AbortSignal;
}

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
  /** How certificates are looked after in mid-run. */
  readonly pace?: RenewalPace;
}

/** One controller per data folder. Throws `refused` when there is another, and when its nats-server cannot be started. */
export async function openController(options: ControllerOptions): Promise<Controller> {
  const { dataDir, natsUrl, lab, host, version, logger } = options;
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(await openDataFolder(dataDir));
  const nats = natsUrl === undefined ? undo.use(await embeddedNats(folder.path, lab, host, logger)) : undefined;
  const url = natsUrl ?? nats?.url ?? "";

  const stop = new AbortController();
  const bus = connectBus({
    url,
    name: "controller",
    tls: options.natsTls ?? natsTls(lab.lab, lab.controller),
    signal: stop.signal,
    onStatus: (status) => logger.debug({ status }, "bus"),
  });
  let connected: Bus | undefined;
  bus.then(
    (open) => (connected = open),
    (error: unknown) => logger.debug({ error }, "NATS was never reached"),
  );
  undo.defer(async () => {
    stop.abort(new SalvoError("cancelled", "the controller ends"));
    await connected?.[Symbol.asyncDispose]();
  });

  const channels = undo.use(openChannels(lab));
  const parts: Parts = {
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
    run: (spec, options) => beginRun(parts, spec, options),
    resume: (options) => resumeRuns(parts, options),
    async *resumeAll(options) {
      // Of before: what is incomplete only now was asked a moment ago.
      const incomplete = await incompleteRuns(parts.dataDir);
      yield* resumeRuns(parts, options);
      yield* completeRuns(parts, incomplete, options);
    },
    channels,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

interface Parts {
  readonly dataDir: string;
  readonly url: string;
  readonly version: string;
  readonly logger: Logger;
  readonly pace: RenewalPace | undefined;
  readonly channels: Channels;
  readonly lab: AuditedLab;
  readonly clock: Clock;
  readonly bus: () => Bus | undefined;
  readonly untilBus: (signal: AbortSignal) => Promise<Bus>;
}

async function beginRun(parts: Parts, spec: RunSpec, options: RunOptions): Promise<Manifest> {
  await createOpenRun(parts.dataDir, spec);
  return followRun(parts, spec, false, options);
}

async function* resumeRuns(parts: Parts, options: (spec: RunSpec) => RunOptions): AsyncGenerator<Resumed> {
  for (const run of (await openRuns(parts.dataDir)).toSorted()) {
    try {
      const spec = await readOpenRun(parts.dataDir, run);
      if (spec) yield { run, manifest: await followRun(parts, spec, true, options(spec)) };
      else await discardOpenRun(parts.dataDir, run);
    } catch (error) {
      // It stays as it is, for whoever can put it right; the others are not to wait for that.
      parts.logger.debug({ run, error }, "a run cannot be brought to its end");
      yield { run, problem: stuck(run, toSalvoError(error)) };
    }
  }
}

async function* completeRuns(
  parts: Parts,
  runs: readonly string[],
  options: (spec: RunSpec) => RunOptions,
): AsyncGenerator<Resumed> {
  for (const run of runs.toSorted()) {
    await reopenIncomplete(parts.dataDir, run);
    try {
      const spec = await readOpenRun(parts.dataDir, run);
      if (!spec) throw new SalvoError("corrupt", "its spec is not there any more");
      yield { run, manifest: await followRun(parts, spec, true, options(spec)) };
    } catch (error) {
      parts.logger.debug({ run, error }, "a run cannot be completed");
      // Sealed it is all the same: no later run has to care.
      await keepIncomplete(parts.dataDir, run);
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

async function followRun(
  parts: Parts,
  spec: RunSpec,
  resumed: boolean,
  { onView, abort }: RunOptions,
): Promise<Manifest> {
  const { dataDir, clock, channels } = parts;
  const folder = openRunFolder(dataDir, spec.run);
  const agents = spec.agents.map(({ id, address }) => ({ id, address, roles: ["workload"] }));
  const { manifest, heldBy } = await withOpenRun();
  if (heldBy.length > 0) await keepIncomplete(dataDir, spec.run);
  else await discardOpenRun(dataDir, spec.run);
  return manifest;

  async function withOpenRun(): Promise<DrivenRun> {
    await using log = await openRunLog(join(folder, "events.journal"));
    await using spool = await openSpool(
      spoolFolder(folder),
      spec.agents.map(({ id }) => id),
    );
    const [first, ...before] = log.before;
    const begin: RunBegin = first?.type === "begin" ? first : newRun(parts);
    if (!first) await log.append(begin);
    return await driveRun(
      spec,
      begin,
      { resumed, before },
      {
        ...parts,
        log,
        spool,
        bootId: bootId(),
        renewals: openRenewals({ ...parts, agents, wallMs: () => Number(clock.wall() / NS_PER_MS) }),
        agents: new Map(agents.map((agent) => [agent.id, channels.client(agent)])),
        live: createLive(spec, clock, onView),
        abort,
      },
    );
  }
}

function newRun({ clock, url }: Parts): RunBegin {
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

async function embeddedNats(dataDir: string, lab: AuditedLab, host: string, logger: Logger): Promise<NatsServer> {
  const folder = join(dataDir, "nats");
  return startNatsServer({
    dataDir: folder,
    access: { host, security: await natsSecurity(folder, lab, [host]) },
    onStatus: (status) =>
      status.type === "died" || status.type === "stale"
        ? logger.warn({ status }, `nats-server ${status.type}`)
        : logger.debug({ status }, "nats-server"),
  });
}
