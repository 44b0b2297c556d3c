import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cliDocs } from "./docs.ts";

test("docs/cli.md is what the commands say: scripts/tool node scripts/cli-docs.ts writes it anew", () => {
  expect(readFileSync(join(import.meta.dirname, "../../docs/cli.md"), "utf8")).toBe(cliDocs());
});
