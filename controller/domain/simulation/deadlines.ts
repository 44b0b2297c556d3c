import type { Ask } from "../phases.ts";

/** How long the simulated controller waits for each answer. */
export const DEADLINES_MS: Readonly<Record<Ask, number>> = {
  describe: 1000,
  arm: 5000,
  clock: 1000,
  "clock-again": 1000,
  fire: 300,
  abort: 1900,
  collect: 1000,
  release: 1000,
};
