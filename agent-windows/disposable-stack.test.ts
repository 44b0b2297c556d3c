import { expect, test } from "vitest";
import { Stack } from "./disposable-stack.ts";

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
