/** Checks the English of our pages by the rules of prose-rules.ts. Usage: scripts/tool node scripts/prose.ts [PAGE.md ...] */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { proseProblems } from "./prose-rules.ts";

const root = join(import.meta.dirname, "..");
const given = process.argv.slice(2);
const pages = given.length > 0 ? given : globSync(["*.md", "docs/**/*.md"], { cwd: root }).toSorted();

const problems = pages.flatMap((page) =>
  proseProblems(readFileSync(join(root, page), "utf8")).map(({ line, problem }) => `${page}:${line}: ${problem}`),
);
for (const problem of problems) console.error(problem);
if (problems.length > 0) {
  console.error(`prose: ${problems.length} problems in ${pages.length} pages; break up those sentences and tables`);
  process.exitCode = 1;
}
