/** What `salvo run --plan` prints. */
import { resolve } from "node:path";
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import { timeText } from "@salvo/shared/kernel/time-text.ts";
import { type Outlook, outlookOf } from "../domain/study-outlook.ts";

/** A study of more groups shows those of the first repeat, and says that the others are like it. */
const GROUPS_SHOWN_MAX = 60;

export function planText(specs: readonly RunSpec[], { data }: { readonly data: string }): string {
  const outlook = outlookOf(specs);
  const [first] = specs;
  const lines = [
    `study ${first?.study ?? ""} on lab ${first?.lab ?? ""}: ${countOf(outlook.runs, "run")}, about ${timeText(outlook.expectedMs)}`,
    `  measuring takes ${timeText(outlook.measuringMs)}; the rest is an estimate for what lies between the runs`,
    "",
    "order (another one each time, unless the study has `order: written`):",
    ...orderLines(outlook),
    "",
    "on the hosts:",
    ...outlook.hosts.flatMap(({ agent, address, does }) => [
      `  ${agent} (${address})`,
      ...does.map((sentence) => `    ${sentence}`),
    ]),
    "",
    "on this host:",
    `  writes ${countOf(outlook.runs, "folder")} in ${resolve(data, "runs")}`,
    "",
    "Nothing was asked of any agent, and nothing was written.",
  ];
  return `${lines.join("\n")}\n`;
}

function orderLines({ order }: Outlook): string[] {
  const lines = order
    .slice(0, GROUPS_SHOWN_MAX)
    .map(({ repeat, scenario, workloads }) => `  repeat ${repeat}  ${scenario}: ${workloads.join(", ")}`);
  const more = order.length - lines.length;
  return more > 0 ? [...lines, `  and ${countOf(more, "more group")} like these`] : lines;
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
