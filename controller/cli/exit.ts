import type { Exit } from "@salvo/shared/kernel/exit.ts";
import { isVerdict, VERDICTS } from "../domain/verdicts.ts";

export function exitOfVerdict(verdict: string): Exit {
  return isVerdict(verdict) ? VERDICTS[verdict].exit : "bug";
}
