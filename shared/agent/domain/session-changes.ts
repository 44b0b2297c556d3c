import { EventKind } from "@salvo/proto/telemetry_pb.ts";

/** A session, or a controller of NVMe, by which a disk is reached. */
export interface SessionState {
  /** "session2 to 10.0.0.1:3260" */
  readonly text: string;
  /** Requests go over it. */
  readonly up: boolean;
  /** As the system calls it: LOGGED_IN, FAILED, connecting. */
  readonly state: string;
}

/** For a RunEvent. */
export interface SessionChange {
  readonly kind: EventKind;
  /** "session2 to 10.0.0.1:3260 is FAILED at tick 4" */
  readonly text: string;
}

/** What has become of the sessions since the tick before. One that goes from one bad state to another is lost but once. */
export function sessionChanges(
  before: readonly SessionState[],
  now: readonly SessionState[],
  tick: number,
): SessionChange[] {
  return now.flatMap(({ text, up, state }, index) => {
    const was = before[index]?.up ?? true;
    if (was === up) return [];
    return [{ kind: up ? EventKind.PATH_UP : EventKind.PATH_DOWN, text: `${text} is ${state} at tick ${tick}` }];
  });
}
