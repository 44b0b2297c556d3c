import { toSalvoError } from "../../kernel/error.ts";
import { nsToMs } from "../../kernel/time.ts";
import type { RunContext } from "./context.ts";
import type { Participants } from "./participants.ts";
import { agentLessHostNs } from "./sampled-clock.ts";
import { openSampling, type Sampling } from "./sampling.ts";

/** What arming has made ready. */
export interface Armed {
  readonly sampling: Sampling;
  /** How long looking at everything once more takes on this host: well before the gates open, and just before. */
  readonly earlyMs: number;
  readonly lateMs: number;
}

/** Undefined when it was given up: the run machine was told why. */
export async function arm(context: RunContext, participants: Participants): Promise<Armed | undefined> {
  const { plan, clock, signal, log, tell } = context;
  const took = (look: () => void): number => {
    const beganNs = clock.now();
    look();
    return nsToMs(clock.now() - beganNs);
  };
  using undo = new DisposableStack();
  try {
    await participants.arm();
    const offsetNs = await agentLessHostNs(context, { signal });
    const sampled = { participants: participants.sampled, offsetNs, signal };
    const sampling = undo.use(await openSampling(context, sampled));
    const lookLate = () => {
      participants.lookLate();
      sampling.begin();
    };
    const armed = { sampling, earlyMs: took(() => participants.lookEarly()), lateMs: took(lookLate) };
    undo.move();
    return armed;
  } catch (error) {
    const reason = toSalvoError(signal.aborted ? signal.reason : error);
    if (reason.kind === "internal") log.error({ run: plan.run, error }, "arming failed");
    await tell({ type: "abort", reason: reason.describe() });
    await participants.giveUp(reason.describe());
    return undefined;
  }
}
