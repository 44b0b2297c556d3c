/** What driving runs needs: of the controller, for all of its runs; and of one run, opened for it. */
import type { AgentService } from "@salvo/proto/agent_pb.ts";
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import type { Bus } from "@salvo/shared/bus/connection.ts";
import type { Clock } from "@salvo/shared/kernel/time.ts";
import type { Logger } from "@salvo/shared/log/logger.ts";
import type { Client } from "@salvo/shared/rpc/client.ts";
import type { Spool } from "../../store/spool.ts";
import type { AuditedLab } from "../audited-lab.ts";
import type { CallLog } from "../call-log.ts";
import type { Channels } from "../channels.ts";
import type { Live, LiveView } from "../live.ts";
import type { RenewalPace, Renewals } from "../renewals.ts";
import type { RunBegin, RunLog } from "../run-log.ts";

/** The same for all runs of a controller. */
export interface RunDeps {
  readonly dataDir: string;
  /** Where agents find NATS. */
  readonly url: string;
  readonly version: string;
  readonly logger: Logger;
  readonly pace: RenewalPace | undefined;
  readonly channels: Channels;
  readonly lab: AuditedLab;
  readonly clock: Clock;
  /** The controller's own connection to NATS, once there is one. */
  readonly bus: () => Bus | undefined;
  readonly untilBus: (signal: AbortSignal) => Promise<Bus>;
}

export interface RunOptions {
  readonly onView: (view: LiveView) => void;
  /** Stops all participants; what was measured until then is sealed. */
  readonly abort: AbortSignal;
}

/** One run, with all that was opened for it. */
export interface OpenRun extends RunDeps {
  readonly spec: RunSpec;
  /** What was decided when the run was made. */
  readonly begin: RunBegin;
  readonly log: RunLog;
  readonly spool: Spool;
  readonly agents: ReadonlyMap<string, Client<typeof AgentService>>;
  readonly renewals: Renewals;
  readonly calls: CallLog;
  readonly live: Live;
}
