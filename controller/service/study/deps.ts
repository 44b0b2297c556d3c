import type { Lab } from "@salvo/proto/lab_pb.ts";
import type { BusTls } from "@salvo/shared/bus/connection.ts";
import type { Logger } from "@salvo/shared/log/logger.ts";
import type { DevicePlaceOf } from "../../domain/study-places.ts";
import type { AuditedLab } from "../audited-lab.ts";
import type { StudyEvent } from "./events.ts";

/** Where a study runs. */
export interface StudyPlace {
  /** The controller's data folder. */
  readonly dataDir: string;
  readonly lab: Lab;
  /** Who the controller and the lab's agents are. */
  readonly identities: AuditedLab;
  /** What the lab's own NATS is shown; without it the controller's certificate. */
  readonly natsTls?: BusTls;
  readonly version: string;
  readonly logger: Logger;
  /** Stops the present run, which is sealed, and takes storage down; no other run begins. */
  readonly signal: AbortSignal;
  /** Where the study's file names a device; without it nobody knows. */
  readonly placeOf?: DevicePlaceOf;
}

export interface StudyDeps extends StudyPlace {
  readonly emit: (event: StudyEvent) => void;
}
