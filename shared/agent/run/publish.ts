import { fromBinary } from "@bufbuild/protobuf";
import { RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import type { Bus } from "../../bus/connection.ts";
import { createPublisher } from "../../bus/publisher.ts";
import { kindOf } from "../../bus/subjects.ts";
import { follow } from "../../journal/follow.ts";
import type { Journal } from "../../journal/writer.ts";
import { SalvoError } from "../../kernel/error.ts";
import { unlessAborted } from "../../kernel/signal.ts";
import type { Logger } from "../../log/logger.ts";

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
  readonly log: Logger;
}

export function publishRun({ bus, lab, run, agent, journal, log }: RunPublisherDeps): RunPublisher {
  const end = new AbortController();
  const { signal } = end;

  async function publish(): Promise<void> {
    // A server that is not there, or takes nothing any more, is waited for only as long as the run is held.
    await using publisher = createPublisher({ bus: await unlessAborted(bus, signal), lab, run, agent });
    const sent: Promise<unknown>[] = [];
    for await (const { seq, payload } of follow(journal, 1, { signal })) {
      await publisher.room({ signal });
      const published = publisher.publish(seq, kindOf(fromBinary(RecordSchema, payload)), payload);
      sent.push(published);
      if (sent.length > 1_000) await unlessAborted(Promise.all(sent.splice(0)), signal);
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
