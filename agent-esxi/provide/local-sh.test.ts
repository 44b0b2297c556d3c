import fc from "fast-check";
import { expect, test } from "vitest";
import { recorded } from "../read/recorded.fixture.ts";
import { readBlocksOf, withBlock } from "./local-sh.ts";

const ORIGINAL = recorded("localsh-6");

test("the block stands before exit 0, and every other byte is as it was", () => {
  const text = withBlock(ORIGINAL, "lab esx1", ["esxcli rdma iser add -d vmrdma0"]);
  const block = "# BEGIN salvo lab esx1\nesxcli rdma iser add -d vmrdma0\n# END salvo lab esx1\n";
  expect(text.endsWith(`${block}exit 0\n`)).toBe(true);
  expect(text.replace(block, "")).toBe(ORIGINAL);
  expect(withBlock(text, "lab esx1", [])).toBe(ORIGINAL);
});

test("the last exit 0 of its own line is the one that counts", () => {
  const text = "if true; then\n  exit 0\nfi\nexit 0\necho never\nexit 0  \n";
  expect(withBlock(text, "a", ["x"])).toContain("echo never\n# BEGIN salvo a\nx\n# END salvo a\nexit 0  \n");
});

test("each lab and agent has a block of its own", () => {
  const both = withBlock(withBlock(ORIGINAL, "one esx1", ["x"]), "two esx1", ["y", "z"]);
  expect(readBlocksOf(both)).toEqual(
    new Map([
      ["one esx1", ["x"]],
      ["two esx1", ["y", "z"]],
    ]),
  );
  expect(withBlock(both, "one esx1", [])).toBe(withBlock(ORIGINAL, "two esx1", ["y", "z"]));
});

test("a block whose end is missing is told, and nothing is written", () => {
  const damaged = "# BEGIN salvo a\nx\nexit 0\n";
  expect(() => readBlocksOf(damaged)).toThrow(expect.objectContaining({ kind: "corrupt" }));
  expect(() => withBlock(damaged, "a", ["y"])).toThrow(expect.objectContaining({ kind: "corrupt" }));
});

test("whatever the file holds, a block comes and goes without a trace", () => {
  const line = fc.constantFrom("", "exit 0", "echo hi", "#!/bin/sh", " exit 0", "exit 0 # end", "# BEGIN", "esxcli x");
  const file = fc.array(line, { maxLength: 8 }).map((lines) => lines.join("\n"));
  const block = fc.array(fc.constantFrom("esxcli a", "esxcli b"), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(file, block, block, (text, one, other) => {
      const once = withBlock(text, "a", one);
      expect(readBlocksOf(once).get("a")).toEqual(one);
      expect(withBlock(once, "a", one)).toBe(once);
      expect(readBlocksOf(withBlock(once, "a", other)).get("a")).toEqual(other);
      const gone = withBlock(once, "a", []);
      // A file that ended without a line's end has one now: the block could not stand on the same line.
      expect(gone === text || gone === `${text}\n`).toBe(true);
    }),
  );
});
