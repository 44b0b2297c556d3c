/** What an agent says besides its samples stays in memory, and in texts that have a greatest length, until a run is sealed. Pure. */
import type { Record } from "@salvo/proto/telemetry_pb.ts";
import type { RecordProblem } from "./problem.ts";

/** Takes an agent's records with their encoded lengths; undefined while there is room for what the agent says. */
export type BesidesSamples = (agent: string, record: Record, bytes: number) => RecordProblem | undefined;

/** Of one agent: some 80,000 events, and in JSON at most six times as much. V8 makes no text of more than 512 MiB. */
export const BESIDES_BYTES_MAX = 8 * 1024 * 1024;

export function createBesidesSamples(): BesidesSamples {
  const said = new Map<string, number>();
  return (agent, { body }, bytes) => {
    if (!isBesides(body)) return undefined;
    const all = (said.get(agent) ?? 0) + bytes;
    if (all > BESIDES_BYTES_MAX)
      return {
        what: "is more than an agent may say besides its samples",
        detail: `${BESIDES_BYTES_MAX} bytes were there before it`,
      };
    said.set(agent, all);
    return undefined;
  };
}

/** Samples and last words have limits of their own: one of each tick, one of each participant. */
function isBesides(body: Record["body"]): boolean {
  switch (body.case) {
    case "fio":
    case "cpu":
    case "disk":
    case "net":
    case "final":
    case undefined:
      return false;
    case "event":
    case "start":
    case "end":
    case "hostClock":
    case "cpuLimit":
    default:
      return true;
  }
}
