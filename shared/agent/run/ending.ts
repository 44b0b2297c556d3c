import { EventKind } from "@salvo/proto/telemetry_pb.ts";
import { toSalvoError } from "../../kernel/error.ts";
import type { RunEffect } from "../domain/run-machine.ts";
import type { Armed } from "./arming.ts";
import type { RunContext } from "./context.ts";
import type { Participants } from "./participants.ts";
import type { Keep } from "./records.ts";
import { AFTER_MS_MAX, keepHostClock } from "./sampled-clock.ts";

/** Lets go of everything, and writes the run's last record. `record` throws what made the journal fail. */
export async function finish(
  { outcome, reason }: RunEffect & { readonly type: "end" },
  context: RunContext,
  { participants, armed, record }: { participants: Participants; armed: Armed | undefined; record: Keep },
): Promise<void> {
  const { plan, journal, lead, log, state } = context;
  participants.closeDevices();
  armed?.sampling[Symbol.dispose]();
  if (state().started) await keepHostClockAgain(context);
  try {
    record({ case: "end", value: { outcome, reason } });
    await journal.end();
    await lead.learn(participants.delaysNs);
  } catch (error) {
    log.error({ run: plan.run, error }, "the end of the run could not be kept");
  }
}

/** Without it nobody knows how far the two clocks drifted apart: that is told, and ends nothing. */
async function keepHostClockAgain(context: RunContext): Promise<void> {
  try {
    await keepHostClock(context, AFTER_MS_MAX);
  } catch (error) {
    const text = `after the last tick ${toSalvoError(error).message}`;
    context.keep({ case: "event", value: { kind: EventKind.WARNING, text } });
  }
}
