/** Asks an agent who it is: before a run whether it can take part, and after it whether it is still the same host. */
import { toJson } from "@bufbuild/protobuf";
import { AgentDescriptionSchema } from "@salvo/proto/agent_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { whyUnfit } from "../../domain/preflight.ts";
import { clientOf } from "./client.ts";
import type { Course } from "./course.ts";
import type { OpenRun } from "./deps.ts";

/** 1,000 devices have 300,000. It becomes an entry of the run's log, and a part of its manifest. */
const DESCRIPTION_CHARS_MAX = 1_000_000;

/** Throws `wrong-state` with everything that keeps the agent from its part, `corrupt` for a description without end. */
export async function describeAgent(agent: string, run: OpenRun, course: Course): Promise<void> {
  const client = clientOf(run, agent);
  const answer = await client.describe({}, { deadlineMs: 15_000, signal: course.over });
  const problems = whyUnfit(answer, agent, [run.spec], run.version);
  const { agent: description } = answer;
  if (!description || problems.length > 0) throw new SalvoError("wrong-state", problems.join("; "));
  await run.renewals.first(agent);
  const json = toJson(AgentDescriptionSchema, description);
  const chars = JSON.stringify(json).length;
  if (chars > DESCRIPTION_CHARS_MAX)
    throw new SalvoError(
      "corrupt",
      `the agent describes itself in ${chars} characters of JSON, over the limit of ${DESCRIPTION_CHARS_MAX}`,
      { remedy: "Check that the agent has the controller's version" },
    );
  course.emitFact({ type: "description", agent, description: json });
}

/** Monotonic clocks of two boots have nothing to do with each other. Throws `unavailable` after a reboot. */
export async function checkBoot(agent: string, run: OpenRun, course: Course): Promise<void> {
  const { agent: now } = await clientOf(run, agent).describe({}, { deadlineMs: 5_000, signal: course.over });
  if (now?.bootId !== course.descriptions.get(agent)?.bootId)
    throw new SalvoError("unavailable", "its host was restarted");
}
