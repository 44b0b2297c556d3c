import { sleep } from "../../kernel/signal.ts";
import { msToNs, nsToMs, type Nanos } from "../../kernel/time.ts";
import { clockErrorMs, fioRuntimeMs } from "../domain/run-plan.ts";
import { linuxTime } from "../host-time.ts";
import type { RunContext } from "./context.ts";
import type { Participants } from "./participants.ts";
import { waitClosely } from "./precise-wait.ts";

/** fio has this long after its planned end before it is killed. */
const OVERDUE_MS = 10_000;
/** Pause between two dumps of the proof, so that their sub-millisecond phases differ. */
const PROOF_PAUSE_MS = 13;

/** Tells the run machine of every tick, and when the run should have ended. */
export async function runFrom(context: RunContext, t0Ns: Nanos): Promise<void> {
  const { plan, clock, signal, tell } = context;
  context.background(tellTicks(context, t0Ns));
  const endNs = t0Ns + msToNs(fioRuntimeMs(plan.workload) + clockErrorMs(plan.workload) + OVERDUE_MS);
  await sleep(nsToMs(endNs - clock.now()), { signal });
  await tell({ type: "overdue" });
}

async function tellTicks({ plan, platform, signal, tell }: RunContext, t0Ns: Nanos): Promise<void> {
  const { time = linuxTime } = platform;
  for (let tick = 1; tick <= plan.ticks; tick++) {
    await waitClosely(t0Ns + msToNs(tick * plan.intervalMs), { time, signal });
    await tell({ type: "tick", tick });
  }
}

/** In the tail, where no figure is disturbed. */
export async function proveStarts(
  { plan, clock, signal, state }: RunContext,
  participants: Participants,
): Promise<void> {
  await sleep(PROOF_PAUSE_MS, { signal }); // the last tick's answers come first
  participants.tellCpuCosts();
  const untilNs = (state().t0Ns ?? clock.now()) + msToNs(fioRuntimeMs(plan.workload));
  while (clock.now() < untilNs && state().phase === "ending") {
    participants.askForProof();
    await sleep(PROOF_PAUSE_MS, { signal });
  }
}
