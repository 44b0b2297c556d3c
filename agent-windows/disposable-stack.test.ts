import { expect, test } from "vitest";
import { Stack, SyncStack } from "./disposable-stack.ts";

/** Whatever Node's own does, ours does: each test runs both. */
const stacks = [
  ["Node's", () => new AsyncDisposableStack()],
  ["ours", () => new Stack()],
] as const;

test.for(stacks)("%s: the last comes first, and each once", async ([, create]) => {
  const undone: string[] = [];
  const stack = create();
  expect(stack.use(undefined)).toBeUndefined();
  const used = stack.use({ [Symbol.asyncDispose]: async () => void undone.push("async") });
  stack.use({ [Symbol.dispose]: () => void undone.push("sync") });
  stack.defer(() => void undone.push("deferred"));
  expect(Symbol.asyncDispose in used).toBe(true);
  await stack.disposeAsync();
  await stack[Symbol.asyncDispose]();
  expect(undone).toEqual(["deferred", "sync", "async"]);
});

test.for(stacks)("%s: what was moved away is not undone here", async ([, create]) => {
  const undone: string[] = [];
  let moved: AsyncDisposable | undefined;
  {
    await using stack = create();
    stack.defer(() => void undone.push("moved"));
    moved = stack.move();
  }
  expect(undone).toEqual([]);
  await moved[Symbol.asyncDispose]();
  expect(undone).toEqual(["moved"]);
});

test.for(stacks)("%s: a failure is told, and holds up nothing", async ([, create]) => {
  const undone: string[] = [];
  const stack = create();
  stack.defer(() => void undone.push("first"));
  stack.defer(() => {
    throw new Error("cannot be undone");
  });
  await expect(stack.disposeAsync()).rejects.toThrow("cannot be undone");
  expect(undone).toEqual(["first"]);
});

test("two failures are both told", async () => {
  const stack = new Stack();
  for (const what of ["one", "two"])
    stack.defer(() => {
      throw new Error(what);
    });
  await expect(stack.disposeAsync()).rejects.toMatchObject({ errors: [{ message: "two" }, { message: "one" }] });
});

const syncStacks = [
  ["Node's", () => new DisposableStack()],
  ["ours", () => new SyncStack()],
] as const;

test.for(syncStacks)(
  "%s, not waiting: the last comes first, each once, whatever fails, and what was moved away later",
  ([, create]) => {
    const undone: string[] = [];
    let moved: Disposable | undefined;
    {
      using stack = create();
      expect(stack.use(undefined)).toBeUndefined();
      stack.use({ [Symbol.dispose]: () => void undone.push("used") });
      stack.defer(() => {
        throw new Error("cannot be undone");
      });
      stack.defer(() => void undone.push("deferred"));
      moved = stack.move();
    }
    expect(undone).toEqual([]);
    expect(() => moved?.[Symbol.dispose]()).toThrow("cannot be undone");
    expect(undone).toEqual(["deferred", "used"]);
    moved[Symbol.dispose]();
    expect(undone).toEqual(["deferred", "used"]);
  },
);
