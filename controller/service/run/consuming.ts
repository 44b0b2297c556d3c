import { consumeRun } from "@salvo/shared/bus/consume.ts";
import type { Course } from "./course.ts";
import type { OpenRun } from "./deps.ts";

/** Takes the run's records from NATS until it is over. Does not throw: what NATS does not bring is collected. */
export async function consumeRecords(run: OpenRun, { over }: Course): Promise<void> {
  const { spec, spool, live, logger } = run;
  const onTrouble = (problem: unknown) => logger.debug({ run: spec.run, problem }, "NATS");
  try {
    const bus = await run.untilBus(over);
    for await (const message of consumeRun({ bus, lab: spec.lab, run: spec.run, signal: over, onTrouble })) {
      const { agent, seq, payload } = message;
      const record = spool.add(agent, seq, payload, "received");
      if (record) live.record(record);
      await spool.room(agent);
    }
  } catch (error) {
    if (over.aborted) return;
    logger.warn({ run: spec.run, error }, "NATS brings no more records of this run; they will be collected");
  }
}
