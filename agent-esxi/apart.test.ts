/** A stand-in that shared code with the bridge would repeat its mistakes, and every test against it would pass. */
import { readSources, type Source, sourceOf } from "../scripts/sources.ts";
import { expect, test } from "vitest";

const BRIDGE = "agent-esxi/";
const STAND_IN = "testbed/esxi-host/";

/** Imports from one of the two into the other, tests and fixtures included. */
function crossings(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, imports }) => {
    const other = path.startsWith(BRIDGE) ? STAND_IN : path.startsWith(STAND_IN) ? BRIDGE : undefined;
    return imports.flatMap(({ path: to }) =>
      other !== undefined && to?.startsWith(other) ? [`${path} -> ${to}`] : [],
    );
  });
}

test("the bridge and the stand-in for an ESXi host import nothing of each other", () => {
  expect(crossings(readSources())).toEqual([]);
});

test("an import in either direction is found", () => {
  const sources = [
    sourceOf("agent-esxi/a.test.ts", 'import { b } from "@salvo/testbed/esxi-host/b.ts";'),
    sourceOf("testbed/esxi-host/b.ts", 'import { a } from "../../agent-esxi/read/a.ts";'),
  ];
  expect(crossings(sources)).toHaveLength(2);
});
