import type { Exit } from "@salvo/shared/kernel/exit.ts";

const OF_VERDICT: Readonly<Record<string, Exit>> = {
  complete: "ok",
  degraded: "degraded",
  incomplete: "degraded",
  aborted: "aborted",
  invalid: "invalid",
};

export function exitOfVerdict(verdict: string): Exit {
  return OF_VERDICT[verdict] ?? "bug";
}
