import { expect, test } from "vitest";
import { GROUP_AFFINITY, type NumaQueries, readNumaNodes } from "./numa.ts";

/** Windows with these masks, by node; undefined for a node that it does not tell of. */
function windows(...masks: readonly (bigint | undefined)[]): NumaQueries {
  return {
    highestNode: () => (masks.length === 0 ? undefined : masks.length - 1),
    affinityOf(node, affinity) {
      const mask = masks[node];
      if (mask === undefined) return false;
      affinity.writeBigUInt64LE(mask, GROUP_AFFINITY.fields.Mask[0]);
      affinity.writeUInt16LE(node, GROUP_AFFINITY.fields.Group[0]);
      return true;
    },
  };
}

test("two nodes of 64 processors each, in groups of their own", () => {
  const all = 2n ** 64n - 1n;
  expect(readNumaNodes(windows(all, all))).toEqual([
    { node: 0, group: 0, mask: all },
    { node: 1, group: 1, mask: all },
  ]);
});

test("a node without processors is left out", () => {
  expect(readNumaNodes(windows(0xffn, 0n))).toEqual([{ node: 0, group: 0, mask: 0xffn }]);
});

test.for<[string, NumaQueries]>([
  ["the nodes", windows()],
  ["the processors of one of them", windows(0xffn, undefined)],
  ["any processor, as Wine", windows(0n)],
])("where Windows does not tell %s, nothing is known", ([, queries]) => {
  expect(readNumaNodes(queries)).toBeUndefined();
});
