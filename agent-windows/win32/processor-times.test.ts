import { expect, test } from "vitest";
import { openProcessorTimes, PERFORMANCE, type ProcessorQueries } from "./processor-times.ts";

type Field = keyof typeof PERFORMANCE.fields;

/** Windows with so many processors in each of its groups; every processor has the times that the test gives it. */
function windows(
  groups: readonly number[],
  times: (group: number, processor: number) => Partial<Record<Field, number>>,
) {
  const queries: ProcessorQueries = {
    groups: () => groups.length,
    query(group, buffer) {
      const count = groups[group] ?? 0;
      for (let processor = 0; processor < count; processor++) {
        for (const [field, ms] of Object.entries(times(group, processor))) {
          const [offset] = PERFORMANCE.fields[field as Field]; // the keys are those of the record above
          buffer.writeBigInt64LE(BigInt(ms * 10_000), processor * PERFORMANCE.bytes + offset);
        }
      }
      return count * PERFORMANCE.bytes;
    },
  };
  return openProcessorTimes(queries);
}

test("kernel time holds idle time, DPCs and interrupts: each is told by itself", () => {
  const read = windows([1], () => ({ IdleTime: 700, KernelTime: 850, UserTime: 150, DpcTime: 30, InterruptTime: 20 }));
  expect(read()).toEqual([
    { userMs: 150, systemMs: 100, irqMs: 20, softirqMs: 30, stealMs: 0, idleMs: 700, iowaitMs: 0 },
  ]);
});

test("beyond 64 processors those of every group are there, in order", () => {
  const read = windows([64, 20], (group, processor) => ({ UserTime: group * 100 + processor }));
  const users = read().map(({ userMs }) => userMs);
  expect(users).toHaveLength(84);
  expect([users[0], users[63], users[64], users[83]]).toEqual([0, 63, 100, 119]);
});

test("counters that were read at different instants never make a negative time", () => {
  const read = windows([1], () => ({ IdleTime: 701, KernelTime: 700 }));
  expect(read()[0]?.systemMs).toBe(0);
});
