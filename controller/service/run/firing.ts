/** Arm and Fire: what an agent is to do, and when. */
import { assert } from "@salvo/shared/kernel/assert.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Nanos } from "@salvo/shared/kernel/time.ts";
import { ACK_MARGIN_MS } from "../../domain/t0.ts";
import { armMs, armPlanOf } from "../run-facts.ts";
import { clientOf } from "./client.ts";
import type { Course } from "./course.ts";
import type { OpenRun } from "./deps.ts";

/** 30 s to look at devices once more, which takes milliseconds each, three times over. */
const NOTICE_MS_MAX = 90_000;

/** Gives how long before T0 the agent must know of it, in ms. Throws `corrupt` when that cannot be. */
export async function armAgent(agent: string, run: OpenRun, course: Course, signal: AbortSignal): Promise<number> {
  const { spec, calls } = run;
  return calls.around("Arm", agent, { workload: spec.workload?.name ?? "" }, async () => {
    const options = { deadlineMs: armMs(spec, course.descriptions.get(agent)), signal };
    const { noticeMs } = await clientOf(run, agent).arm(armRequest(agent, run, course), options);
    if (noticeMs <= NOTICE_MS_MAX) return noticeMs;
    throw new SalvoError(
      "corrupt",
      `the agent must know of T0 ${noticeMs} ms before it, over the limit of ${NOTICE_MS_MAX} ms: all agents would wait for so long`,
      { remedy: "Give the agent fewer devices, or look for what makes its host slow" },
    );
  });
}

export async function fireAgent(agent: string, t0Ns: Nanos, run: OpenRun, course: Course): Promise<void> {
  const { spec, begin, calls, clock } = run;
  await calls.around("Fire", agent, { t0_ns: String(t0Ns) }, async () => {
    const offsetNs = course.state.agents.get(agent)?.clock?.offsetNs;
    assert(offsetNs !== undefined, `the clock of ${agent} is known before it is fired`);
    const leftMs = Number(t0Ns - clock.now()) / 1e6 - ACK_MARGIN_MS;
    const { planHash } = armRequest(agent, run, course);
    await clientOf(run, agent).fire(
      { run: spec.run, nonce: begin.nonce, t0Ns: t0Ns - offsetNs, planHash },
      { deadlineMs: Math.max(1, leftMs), signal: course.over },
    );
  });
}

function armRequest(agent: string, { spec, begin }: OpenRun, course: Course) {
  const bus = { url: begin.natsUrl, lab: spec.lab, batches: !spec.singleRecords };
  return { ...armPlanOf(spec, course.describe(agent)), bus };
}
