import { JetStreamApiError } from "@nats-io/jetstream";
import { SalvoError, toSalvoError } from "../kernel/error.ts";
import type { Bus } from "./connection.ts";
import { openManager } from "./stream.ts";
import { parseSubject, runSubjects, streamName } from "./subjects.ts";

/** From the server's errors.json. */
const NO_STREAM = 10059;

/**
 * Ids of all runs of which the lab's stream still has something, in their order. Throws `unavailable` when the server cannot be
 * asked.
 */
export async function storedRuns(bus: Bus, lab: string): Promise<string[]> {
  const manager = await openManager(bus);
  try {
    const { state } = await manager.streams.info(streamName(lab), { subjects_filter: runSubjects(lab) });
    const subjects = Object.keys(state.subjects ?? {}).map(parseSubject);
    return [...new Set(subjects.flatMap((each) => (each?.type === "run" ? [each.run] : [])))].toSorted();
  } catch (caught) {
    if (caught instanceof JetStreamApiError && caught.code === NO_STREAM) return [];
    throw new SalvoError("unavailable", `runs of lab ${lab} on ${bus.url}: ${toSalvoError(caught).message}`, {
      cause: caught,
    });
  }
}
