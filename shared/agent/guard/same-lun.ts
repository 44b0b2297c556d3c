/** The disks of one LUN, one for each session to it, as one: what any of them is used for, the LUN is used for. */
import type { DiskFacts, DiskIdentity, Fact } from "../domain/guard/facts.ts";
import type { Disks, OpenedDisk } from "./disks.ts";

/** The disk, with the others held beside it, so that nobody takes one of those meanwhile. */
export function openTogether(disk: DiskIdentity, beside: readonly DiskIdentity[], disks: Disks): OpenedDisk {
  using undo = new DisposableStack();
  const open = (each: DiskIdentity) => undo.adopt(disks.open(each), (opened) => opened.close());
  const opened = open(disk);
  const others = beside.map(open);
  const all = undo.move();
  return {
    node: () => opened.node(),
    writeLabel: (block) => opened.writeLabel(block),
    look(startBytes) {
      const own = opened.look(startBytes);
      const rest = others.map((other) => other.look(0)); // what is on them is the same, and a way that is down would not answer
      return rest.length === 0 ? own : { ...own, ...usesOf([own, ...rest]) };
    },
    close: () => all.dispose(),
  };
}

type Uses = "mounts" | "swaps" | "system" | "partitions" | "holders" | "multipath" | "exclusive";

function usesOf(looks: readonly Pick<DiskFacts, Uses>[]): Pick<DiskFacts, Uses> {
  const all = (use: Exclude<Uses, "exclusive">) => allOf(looks.map((look) => look[use]));
  const notOurs = looks.find(({ exclusive }) => !("value" in exclusive && exclusive.value));
  return {
    mounts: all("mounts"),
    swaps: all("swaps"),
    system: all("system"),
    partitions: all("partitions"),
    holders: all("holders"),
    multipath: all("multipath"),
    exclusive: notOurs?.exclusive ?? { value: true },
  };
}

/** What is not known of one is not known of all. */
export function allOf(facts: readonly Fact<readonly string[]>[]): Fact<readonly string[]> {
  const values: string[] = [];
  for (const fact of facts) {
    if ("unknown" in fact) return fact;
    values.push(...fact.value);
  }
  return { value: values };
}
