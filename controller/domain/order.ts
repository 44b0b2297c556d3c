/** In which order the cells of one repeat run. A scenario's storage is made once, so its workloads stay together. */
import { seedOf } from "./seeds.ts";

/**
 * Scenarios in a random order, and within each its workloads. The order follows from the seed and the repeat alone; seed 0 keeps
 * the order given. So what ran before a cell differs from repeat to repeat, and no cell always follows the same other one.
 */
export function inOrder<Cell extends { readonly scenario: object; readonly workload: { readonly name: string } }>(
  cells: readonly Cell[],
  repeat: number,
  seed: number,
): readonly Cell[] {
  if (seed === 0) return cells;
  const scenarios = [...Map.groupBy(cells, ({ scenario }) => scenario).values()];
  return shuffled(scenarios, seedOf(seed, repeat, "scenarios")).flatMap((own, index) =>
    shuffled(own, seedOf(seed, repeat, index, "workloads")),
  );
}

/** Fisher and Yates; every order is as likely. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = seedOf(seed, last) % (last + 1);
    const [a, b] = [order[last], order[other]];
    if (a === undefined || b === undefined) continue; // both are within the list
    [order[last], order[other]] = [b, a];
  }
  return order;
}
