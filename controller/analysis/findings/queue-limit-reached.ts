import type { FindingFacts } from "./facts.ts";
import type { Found } from "./rule.ts";

/** In flight is then the same at nearly every tick: a limit, and no chance. */
const LEAST_OF_MOST_MIN = 0.9;
/** The limit lies clearly below what fio keeps waiting. */
const OF_ASKED_MAX = 0.8;
const SAMPLES_MIN = 5;

/**
 * The disk has fewer requests in flight than fio keeps waiting, and always as many. By Little's law (in flight = rate x time) the
 * rest of fio's latency is then waiting in front of that queue.
 */
export function queueLimitReached({ spec, queues, participants }: FindingFacts): Found[] {
  const asked = (spec.workload?.jobs ?? 0) * (spec.workload?.queueDepth ?? 0);
  return queues.flatMap(({ participant, least, most, mean, samples }): Found[] => {
    const latency = participants.find(({ id }) => id === participant)?.totals;
    const meanUs = latency?.latencyUs?.mean;
    if (meanUs === undefined || samples < SAMPLES_MIN || most < 1) return [];
    // What fio itself had in flight: nothing waits in front of a disk that fio does not keep busy.
    const byFio = (latency?.iops ?? 0) * (meanUs / 1e6);
    if (least < LEAST_OF_MOST_MIN * most || mean > OF_ASKED_MAX * Math.min(asked, byFio)) return [];
    const waitingUs = meanUs * (1 - mean / byFio);
    return [
      {
        name: "queue-limit-reached",
        sentence: `the disk of ${participant} never had more than ${most} requests in flight, while fio kept ${Math.round(byFio)}: of the mean latency of ${Math.round(meanUs)} us, about ${Math.round(waitingUs)} us are waiting for that queue`,
        evidence: [
          { what: "most in flight at the disk", value: most, participant },
          { what: "mean in flight at the disk", value: mean, participant },
          { what: "in flight at fio, by Little's law", value: byFio, participant },
          { what: "jobs x queue depth", value: asked, participant },
          { what: "mean latency", value: meanUs, unit: "us", participant },
        ],
        confidence: "medium",
        next: "Raise the queue depth of the LUN or of the session, or use more LUNs; a smaller queue depth of fio gives the same IOPS with less latency",
      },
    ];
  });
}
