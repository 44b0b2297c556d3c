import { EventKind } from "@salvo/proto/telemetry_pb.ts";
import { wallOffsetNs } from "../../fio/start.ts";
import { nsToMs, type Nanos } from "../../kernel/time.ts";
import { observes } from "../domain/run-plan.ts";
import { linuxTime } from "../host-time.ts";
import type { Armed } from "./arming.ts";
import type { RunContext } from "./context.ts";
import type { Participants } from "./participants.ts";
import { lateGates, waitClosely, waitPrecisely } from "./precise-wait.ts";

/** What took so long once may take so much longer the next time. */
export const SLOWER = 2;

/** Tells the run machine `due` when it is time to open the gates. Throws `refused` when a device is no longer what was armed. */
export async function waitForT0(
  context: RunContext,
  participants: Participants,
  armed: Armed,
  t0Ns: Nanos,
): Promise<void> {
  if (observes(context.plan)) return observeFromT0(context, armed, t0Ns);
  const { clock, signal, lead, tell, keep } = context;
  const { time = linuxTime } = context.platform;
  participants.lookEarly();
  participants.tellCpuLimits();
  const openAtNs = t0Ns - lead.current();
  let told: Promise<void> | undefined;
  const act = () => {
    told = tell({ type: "due", lateMs: nsToMs(clock.now() - openAtNs) });
  };
  let lookedNs = 0n;
  const justBefore = () => {
    const beganNs = clock.now();
    participants.lookLate();
    armed.sampling.begin();
    participants.prepareToOpen(
      wallOffsetNs(
        () => clock.now(),
        () => time.wallMs(),
      ),
    );
    lookedNs = clock.now() - beganNs;
  };
  await waitPrecisely(openAtNs, { time, justBefore, justBeforeMs: armed.lateMs * SLOWER, act, signal });
  const late = lateGates(nsToMs(lookedNs));
  if (late !== undefined && context.state().phase !== "ended")
    keep({ case: "event", value: { kind: EventKind.WARNING, text: late } });
  await told;
}

/** There is no gate to open ahead of time, and nothing that would be worth blocking the host for. */
async function observeFromT0({ clock, platform, signal, tell }: RunContext, armed: Armed, t0Ns: Nanos): Promise<void> {
  const { time = linuxTime } = platform;
  await waitClosely(t0Ns, { time, signal });
  armed.sampling.begin();
  await tell({ type: "due", lateMs: nsToMs(clock.now() - t0Ns) });
}
