import { expect, test } from "vitest";
import { readSources, type Source, sourceOf } from "../../scripts/sources.ts";

const HOST = "testbed/esxi-host/";
const BRIDGE = "agent-esxi/";

/** Only a test of the bridge may know the stand-in, and only how to start it. */
function crossing({ path, imports, forTests }: Source): string[] {
  return imports.flatMap(({ path: to }) => {
    if (to === undefined) return [];
    const fromHost = path.startsWith(HOST) && to.startsWith(BRIDGE);
    const isStart = forTests && (to === `${HOST}start.ts` || to === `${HOST}host.fixture.ts`);
    const fromBridge = path.startsWith(BRIDGE) && to.startsWith(HOST) && !isStart;
    return fromHost || fromBridge ? [`${path} imports ${to}`] : [];
  });
}

test("the stand-in and the bridge share no code", () => {
  expect(readSources().flatMap(crossing)).toEqual([]);
});

test.for([
  [`${HOST}esxcli/x.ts`, 'import { a } from "../../../agent-esxi/read/table.ts";', 1],
  [`${HOST}x.test.ts`, 'import { a } from "@salvo/agent-esxi/read/table.ts";', 1],
  [`${BRIDGE}x.ts`, 'import { a } from "@salvo/testbed/esxi-host/start.ts";', 1],
  [`${BRIDGE}x.test.ts`, 'import { a } from "@salvo/testbed/esxi-host/format/text.ts";', 1],
  [`${BRIDGE}x.test.ts`, 'import { a } from "@salvo/testbed/esxi-host/start.ts";', 0],
] as const)("an import across is found: %s %s", ([path, text, found]) => {
  expect(crossing(sourceOf(path, text))).toHaveLength(found);
});
