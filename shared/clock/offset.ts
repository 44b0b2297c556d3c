import { assert } from "../kernel/assert.ts";
import type { Nanos } from "../kernel/time.ts";
import type { ClockEstimate } from "./estimate.ts";

/** Two clocks drift apart by no more, in parts of the faster: quartz is good for 100 ppm, and each of the two may err. */
export const DRIFT_PPM_MAX = 200n;

/** An instant on either clock. */
export type Instant = { readonly controllerNs: Nanos } | { readonly agentNs: Nanos };

/** Controller time = agent time + offsetNs, wrong by at most boundNs. */
export type Offset = Pick<ClockEstimate, "offsetNs" | "boundNs">;

/**
 * The offset at an instant. Between two estimates it is interpolated, with the wider of their bounds: the drift is taken to
 * be the same from one to the other. Elsewhere it is the nearer estimate's, and the bound grows by DRIFT_PPM_MAX.
 */
export function offsetAt(before: ClockEstimate, after: ClockEstimate | undefined, at: Instant): Offset {
  const pastBeforeNs = sinceNs(before, at);
  if (!after || pastBeforeNs <= 0n) return stretched(before, pastBeforeNs);
  assert(before.atNs < after.atNs, "clock estimates are given in the order they were made");
  const pastAfterNs = sinceNs(after, at);
  if (pastAfterNs >= 0n) return stretched(after, pastAfterNs);

  const betweenNs = pastBeforeNs - pastAfterNs;
  const offsetNs = before.offsetNs + ((after.offsetNs - before.offsetNs) * pastBeforeNs) / betweenNs;
  // One more, as the division rounds.
  return { offsetNs, boundNs: max(before.boundNs, after.boundNs) + 1n };
}

/** An agent's instant on the controller's clock, wrong by at most boundNs. */
export function toController(
  before: ClockEstimate,
  after: ClockEstimate | undefined,
  agentNs: Nanos,
): { readonly controllerNs: Nanos; readonly boundNs: Nanos } {
  const { offsetNs, boundNs } = offsetAt(before, after, { agentNs });
  return { controllerNs: agentNs + offsetNs, boundNs };
}

/**
 * By how much two estimates differ beyond their bounds and what drift can do; 0 when they agree. More means that a clock
 * stood still or jumped in between, as a suspended guest's does, and that nothing in between can be placed.
 */
export function jumpNs(before: ClockEstimate, after: ClockEstimate): Nanos {
  const apartNs = abs(after.offsetNs - before.offsetNs);
  return max(0n, apartNs - before.boundNs - after.boundNs - driftNs(after.atNs - before.atNs));
}

function sinceNs(estimate: ClockEstimate, at: Instant): Nanos {
  return "controllerNs" in at ? at.controllerNs - estimate.atNs : at.agentNs - (estimate.atNs - estimate.offsetNs);
}

function stretched({ offsetNs, boundNs }: ClockEstimate, byNs: Nanos): Offset {
  return { offsetNs, boundNs: boundNs + driftNs(byNs) };
}

/** How far the clocks drift apart in a length measured by either of them: by the slower one, it is a little more. Rounded up. */
export function driftNs(lengthNs: Nanos): Nanos {
  const perNs = 1_000_000n - DRIFT_PPM_MAX;
  return (abs(lengthNs) * DRIFT_PPM_MAX + perNs - 1n) / perNs;
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
