import { expect, test } from "vitest";
import { mapAtOnce } from "./at-once.ts";

/** Acts that end when they are told to. */
function acts() {
  const open = new Map<number, PromiseWithResolvers<string>>();
  let most = 0;
  return {
    open,
    most: () => most,
    act: (item: number): Promise<string> => {
      const end = Promise.withResolvers<string>();
      open.set(item, end);
      most = Math.max(most, open.size);
      return end.promise.finally(() => open.delete(item));
    },
  };
}

test("no more are at work than may be, and results stand in the order of the items", async () => {
  const { act, open, most } = acts();
  const results = mapAtOnce([1, 2, 3, 4, 5], 2, act);
  for (const item of [2, 1, 3, 5, 4]) {
    await expect.poll(() => open.has(item)).toBe(true);
    open.get(item)?.resolve(`of ${item}`);
  }
  expect(await results).toEqual(["of 1", "of 2", "of 3", "of 4", "of 5"]);
  expect(most()).toBe(2);
});

test("after an error nothing is begun, and what is at work ends before it is thrown", async () => {
  const { act, open } = acts();
  const results = mapAtOnce([1, 2, 3, 4], 2, act);
  open.get(2)?.reject(new Error("no"));
  open.get(1)?.resolve("yes");
  await expect(results).rejects.toThrow("no");
  expect(open.size).toBe(0);
});
