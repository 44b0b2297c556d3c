import { unreachable } from "@salvo/shared/kernel/assert.ts";
import type { EndReason, NatsEvent, StudyEvent } from "./events.ts";

/** What is said of an event on standard error, in a line of its own; undefined when nothing is. Runs are shown otherwise. */
export function textOf(event: StudyEvent): string | undefined {
  switch (event.type) {
    case "nats":
      return natsText(event);
    case "warning":
      return `warning: ${event.text}`;
    case "storage-step":
      return event.text;
    case "storage-not-made": {
      const { scenario, problem } = event;
      return `${scenario}: its storage could not be made, so none of its runs begins: ${problem.describe()}`;
    }
    case "storage-unknown":
      return `it is not known what storage an earlier study left: ${event.problem.describe()}`;
    case "left-open":
      return `${event.run} cannot be brought to its end and stays open: ${event.problem.describe()}`;
    case "ended":
      return endText(event.reason);
    case "planned":
    case "looked-back":
    case "run-begun":
    case "view":
    case "run-sealed":
      return undefined;
    default:
      return unreachable(event);
  }
}

function natsText(event: NatsEvent): string {
  switch (event.status) {
    case "away":
      return `NATS at ${event.url} is not reachable: figures will come at the end`;
    case "back":
      return `NATS at ${event.url} is back`;
    case "unusable":
      return `NATS: ${event.problem.describe()}`;
    case "died":
      return `the controller starts its NATS server again, and figures come later: ${event.reason}`;
    case "stale":
      return `the controller could not tell its NATS server who may connect now: ${event.reason}`;
    default:
      return unreachable(event);
  }
}

function endText(reason: EndReason): string | undefined {
  if (reason.type !== "unreachable") return undefined;
  const { agents, notBegun } = reason;
  const what = notBegun === 1 ? "the last run was not begun" : `${notBegun} more runs were not begun`;
  return `${agents.join(", ")} cannot be reached, twice in a row: ${what}`;
}
