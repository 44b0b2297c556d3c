import * as fc from "fast-check";
import { expect, test } from "vitest";
import { estimate, PINGS_MIN, type ClockEstimate, type Ping } from "./estimate.ts";
import { DRIFT_PPM_MAX, jumpNs, offsetAt, toController } from "./offset.ts";

const same = (ping: Ping, count = PINGS_MIN): Ping[] => Array.from({ length: count }, () => ping);
const made = (atNs: bigint, offsetNs: bigint, boundNs = 100n): ClockEstimate => {
  return { offsetNs, boundNs, rttNs: 2n * boundNs, atNs, pings: 64 };
};

/** The agent's clock reads (controller - origin) x (1 + drift), so the truth about any instant is known. */
interface Truth {
  readonly originNs: bigint;
  readonly driftPpb: bigint;
}
const agentClock = ({ originNs, driftPpb }: Truth, controllerNs: bigint) =>
  controllerNs - originNs + ((controllerNs - originNs) * driftPpb) / 1_000_000_000n;
const trueOffset = (truth: Truth, controllerNs: bigint) => controllerNs - agentClock(truth, controllerNs);
const abs = (value: bigint) => (value < 0n ? -value : value);

const driftPpbMax = DRIFT_PPM_MAX * 1000n - 1n;
const truths = fc.record({
  originNs: fc.bigInt({ min: -(10n ** 16n), max: 10n ** 16n }),
  driftPpb: fc.bigInt({ min: -driftPpbMax, max: driftPpbMax }),
});
/** Each way's delay and the time in the agent. The shortest way back is longer than what 200 ppm do in the longest stay. */
const delays = fc.array(
  fc.record({
    there: fc.bigInt({ min: 0n, max: 20_000_000n }),
    stay: fc.bigInt({ min: 0n, max: 1_000_000n }),
    back: fc.bigInt({ min: 300n, max: 20_000_000n }),
  }),
  { minLength: PINGS_MIN, maxLength: PINGS_MIN },
);

/** agentClock rounds down, and a moment is only known to the bound, in which the clocks drift too. */
const slackNs = (boundNs: bigint) => 2n + (2n * boundNs * DRIFT_PPM_MAX) / 1_000_000n;

function ping(truth: Truth, startNs: bigint, all: readonly { there: bigint; stay: bigint; back: bigint }[]): Ping[] {
  let sentNs = startNs;
  return all.map(({ there, stay, back }) => {
    const received = sentNs + there;
    const answered = received + stay;
    const stamps = {
      sentNs,
      receivedNs: agentClock(truth, received),
      answeredNs: agentClock(truth, answered),
      returnedNs: answered + back,
    };
    sentNs = stamps.returnedNs + 1_000_000n;
    return stamps;
  });
}

test("the least delayed ping decides, half its round trip is the bound", () => {
  const slow = { sentNs: 0n, receivedNs: 1_000n, answeredNs: 1_100n, returnedNs: 900n };
  const quick = { sentNs: 10_000n, receivedNs: 10_551n, answeredNs: 10_571n, returnedNs: 10_123n };
  expect(estimate([...same(slow), quick, ...same(slow)])).toEqual({
    rttNs: 103n,
    slowestNs: 800n,
    offsetNs: -500n,
    boundNs: 52n,
    atNs: 10_051n,
    pings: 129,
  });
});

test("too few pings and pings that cannot be are refused", () => {
  const good = { sentNs: 0n, receivedNs: 5n, answeredNs: 5n, returnedNs: 10n };
  expect(() => estimate(same(good, 63))).toThrow("needs at least 64 pings, and there are 63");
  expect(() => estimate([])).toThrow("needs at least 64");
  expect(estimate(same(good)).pings).toBe(64);
  expect(() => estimate([...same(good), { ...good, returnedNs: -1n }])).toThrow("contradict");
  expect(() => estimate([...same(good), { ...good, answeredNs: 4n }])).toThrow("contradict");
});

test("the truth lies within the bound whatever the delays, up to 200 ppm of drift", () => {
  fc.assert(
    fc.property(truths, fc.bigInt({ min: 0n, max: 10n ** 15n }), delays, (truth, startNs, all) => {
      const { atNs, offsetNs, boundNs } = estimate(ping(truth, startNs, all));
      expect(abs(trueOffset(truth, atNs) - offsetNs)).toBeLessThanOrEqual(boundNs + slackNs(boundNs));
    }),
  );
});

test("during and after the run the truth lies within the bound, on either clock's axis", () => {
  const lengths = fc.bigInt({ min: 2n * 10n ** 9n, max: 10n ** 14n });
  fc.assert(
    fc.property(
      truths,
      lengths,
      delays,
      delays,
      fc.integer({ min: -50, max: 150 }),
      (truth, lengthNs, a, b, percent) => {
        const startNs = 10n ** 12n;
        const before = estimate(ping(truth, startNs, a));
        const after = estimate(ping(truth, startNs + 64n * 42_000_000n + lengthNs, b));
        const controllerNs = startNs + (lengthNs * BigInt(percent)) / 100n;
        const agentNs = agentClock(truth, controllerNs);
        const truthNs = trueOffset(truth, controllerNs);
        for (const second of [after, undefined]) {
          for (const at of [{ controllerNs }, { agentNs }]) {
            const { offsetNs, boundNs } = offsetAt(before, second, at);
            expect(abs(truthNs - offsetNs)).toBeLessThanOrEqual(boundNs + slackNs(boundNs));
          }
        }
        expect(jumpNs(before, after)).toBe(0n);
      },
    ),
  );
});

test("between two estimates the offset is interpolated, outside the bound grows with the distance", () => {
  const before = made(0n, 1000n, 100n);
  const after = made(10_000_000n, 3000n, 300n);
  expect(offsetAt(before, after, { controllerNs: 2_500_000n })).toEqual({ offsetNs: 1500n, boundNs: 301n });
  expect(offsetAt(before, undefined, { controllerNs: 2_500_000n })).toEqual({ offsetNs: 1000n, boundNs: 601n });
  expect(offsetAt(before, after, { controllerNs: -2_500_000n })).toEqual({ offsetNs: 1000n, boundNs: 601n });
  expect(offsetAt(before, after, { controllerNs: 11_000_000n })).toEqual({ offsetNs: 3000n, boundNs: 501n });
  expect(offsetAt(before, after, { controllerNs: before.atNs })).toEqual({ offsetNs: 1000n, boundNs: 100n });
  expect(() => offsetAt(after, before, { controllerNs: 20_000_000n })).toThrow("bug");
});

test("an instant goes from one clock to the other and back", () => {
  const before = made(0n, 1000n);
  const after = made(10_000_000n, 3000n);
  expect(toController(before, undefined, 5_000n)).toEqual({ controllerNs: 6_000n, boundNs: 102n });
  expect(toController(before, after, 4_998_000n)).toEqual({ controllerNs: 5_000_000n, boundNs: 101n });
});

test("a clock that stood still between two estimates is noticed", () => {
  const before = made(0n, 1000n, 100n);
  expect(jumpNs(before, made(10_000_000n, 1000n + 2001n + 200n, 100n))).toBe(0n);
  expect(jumpNs(before, made(10_000_000n, 1000n + 2001n + 200n + 7n, 100n))).toBe(7n);
  expect(jumpNs(before, made(10_000_000n, 1000n - 2001n - 200n - 7n, 100n))).toBe(7n);
});
