import { msToNs, type Nanos } from "@salvo/shared/kernel/time.ts";
import type { ConductorState } from "./conductor-state.ts";

/** How long after T0 the gates may still be opening somewhere. */
const OPENING_MS = 1_000;

/**
 * Whether agents may be given certificates now, which costs them a few ms of work: not while clocks are compared, and not when
 * gates are about to open.
 */
export function mayRenew({ phase, t0Ns }: Pick<ConductorState, "phase" | "t0Ns">, nowNs: Nanos): boolean {
  if (phase === "clock" || phase === "firing" || phase === "clock-again") return false;
  return phase !== "running" || t0Ns === undefined || nowNs >= t0Ns + msToNs(OPENING_MS);
}
