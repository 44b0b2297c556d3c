import type { Bus } from "../../bus/connection.ts";
import { batchesOf } from "../../bus/batches.ts";
import { createPublisher } from "../../bus/publisher.ts";
import { recordHead } from "../../bus/record-head.ts";
import { follow } from "../../journal/follow.ts";
import type { Journal } from "../../journal/writer.ts";
import { SalvoError } from "../../kernel/error.ts";
import { unlessAborted } from "../../kernel/signal.ts";
import type { Logger } from "../../log/logger.ts";

/** Messages that wait for their ack: batches are up to 128 KiB each, single records a few hundred bytes. */
const BATCHES_IN_FLIGHT_MAX = 8;
const RECORDS_IN_FLIGHT_MAX = 64;

/** Copies a run's journal to NATS while it grows. It may lag, fail and stop: the journal is the record. */
export interface RunPublisher {
  stop(): Promise<void>;
}

export interface RunPublisherDeps {
  readonly bus: Promise<Bus>;
  readonly lab: string;
  readonly run: string;
  readonly agent: string;
  readonly journal: Journal;
  /** The controller reads batches. One that does not gets every record alone. */
  readonly batches: boolean;
  readonly log: Logger;
}

/** What has become durable together goes together: a live view waits for nothing that it did not wait for before. */
export function publishRun({ bus, lab, run, agent, journal, batches, log }: RunPublisherDeps): RunPublisher {
  const end = new AbortController();
  const { signal } = end;

  async function publish(): Promise<void> {
    // A server that is not there, or takes nothing any more, is waited for only as long as the run is held.
    const open = await unlessAborted(bus, signal);
    const inFlightMax = batches ? BATCHES_IN_FLIGHT_MAX : RECORDS_IN_FLIGHT_MAX;
    await using publisher = createPublisher({ bus: open, lab, run, agent, inFlightMax, signal });
    const sent = new Set<Promise<unknown>>();
    const send = async (outcome: () => Promise<unknown>) => {
      await publisher.room();
      const published = outcome().finally(() => sent.delete(published));
      sent.add(published);
    };
    for await (const records of follow(journal, 1, { signal })) {
      if (batches) {
        for (const { kind, records: some } of batchesOf(records, open.server?.maxPayloadBytes))
          await send(async () => publisher.publishBatch(kind, some));
      } else {
        for (const { seq, payload } of records)
          await send(async () => publisher.publish(seq, recordHead(payload).kind, payload));
      }
    }
    await unlessAborted(Promise.all(sent), signal);
    log.debug({ run, ...publisher.counters }, "published");
  }

  const done = publish().catch((error: unknown) => {
    if (!signal.aborted) log.warn({ run, error }, "publishing stopped; the controller will collect the rest");
  });
  return {
    async stop() {
      end.abort(new SalvoError("cancelled", `run ${run} is released`));
      await done;
    },
  };
}
