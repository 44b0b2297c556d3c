import { expect, test } from "vitest";
import { NS_PER_MS } from "@salvo/shared/kernel/time.ts";
import { mayRenew } from "./renewable.ts";

const T0 = 7_000n * NS_PER_MS;

test("certificates wait while clocks are compared and gates open, and for nothing else", () => {
  const may = (
    ["preflight", "arming", "clock", "firing", "aborting", "clock-again", "collecting", "releasing"] as const
  ).filter((phase) => mayRenew({ phase, t0Ns: undefined }, T0));
  expect(may).toEqual(["preflight", "arming", "aborting", "collecting", "releasing"]);
  const running = { phase: "running", t0Ns: T0 } as const;
  expect(mayRenew(running, T0 - 1n)).toBe(false);
  expect(mayRenew(running, T0 + 999n * NS_PER_MS)).toBe(false);
  expect(mayRenew(running, T0 + 1_000n * NS_PER_MS)).toBe(true);
});
