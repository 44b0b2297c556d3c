import type { AgentConfig } from "@salvo/proto/agent_file_pb.ts";
import type { Journal } from "../../journal/writer.ts";
import type { Clock } from "../../kernel/time.ts";
import type { Logger } from "../../log/logger.ts";
import type { Devices } from "../devices/devices.ts";
import type { RunEvent, RunState } from "../domain/run-machine.ts";
import type { RunPlan } from "../domain/run-plan.ts";
import type { Platform } from "../platform.ts";
import type { Lead } from "./lead.ts";
import type { Keep } from "./records.ts";

export interface RunDeps {
  readonly config: AgentConfig;
  readonly platform: Pick<Platform, "sampler" | "hostClock" | "workloads" | "time">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly lead: Lead;
  readonly journal: Journal;
  /** The run's own folder. */
  readonly folder: string;
  readonly devices: Devices;
}

/** What the parts of one run have in common: each part performs some of the run machine's effects. */
export interface RunContext extends RunDeps {
  readonly plan: RunPlan;
  /** Aborts when the run is killed or has ended. */
  readonly signal: AbortSignal;
  readonly keep: Keep;
  /** Tells the run machine what happened, see ActiveRun. */
  readonly tell: (event: RunEvent) => Promise<void>;
  readonly state: () => RunState;
  /** Whatever fails on its own ends the run, with the reason. */
  readonly background: (work: Promise<void>) => void;
}
