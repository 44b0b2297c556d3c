import * as fc from "fast-check";
import { expect, test } from "vitest";
import { inOrder, shuffled } from "./order.ts";

const scenarios = ["iscsi", "iser", "nvme"].map((name) => ({ name }));
const cells = scenarios.flatMap((scenario) => ["4k", "64k", "1m"].map((name) => ({ scenario, workload: { name } })));
const names = (seed: number, repeat = 1) =>
  inOrder(cells, repeat, seed).map(({ scenario, workload }) => `${scenario.name}/${workload.name}`);

test("each cell is there once, and those of a scenario follow each other", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 31 }), fc.integer({ min: 1, max: 50 }), (seed, repeat) => {
      const order = names(seed, repeat);
      expect(order.toSorted()).toEqual(names(0).toSorted());
      const changes = order.filter((name, index) => name.split("/")[0] !== order[index - 1]?.split("/")[0]);
      expect(changes).toHaveLength(scenarios.length);
    }),
  );
});

test("the order follows from seed and repeat; without a seed it is as written", () => {
  expect(names(7)).toEqual(names(7));
  expect(names(0)).toEqual(cells.map(({ scenario, workload }) => `${scenario.name}/${workload.name}`));
  expect(new Set(Array.from({ length: 20 }, (_, repeat) => names(7, repeat + 1).join())).size).toBeGreaterThan(15);
});

test("every place is as likely for every item", () => {
  const counts = [0, 0, 0, 0];
  for (let seed = 1; seed <= 4000; seed++) counts[shuffled([0, 1, 2, 3], seed).indexOf(0)]! += 1;
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(130);
});
