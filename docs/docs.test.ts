/** What these pages say must be so. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { EXIT, WORST_FIRST } from "../shared/kernel/exit.ts";
import { silentIo } from "../controller/cli/io.ts";
import { createProgram } from "../controller/cli/program.ts";
import { AgentConfigSchema, LabSchema } from "../proto/gen/salvo/v1/lab_pb.ts";
import { StudySchema } from "../proto/gen/salvo/v1/study_pb.ts";
import { schemaDocs } from "../shared/config/docs.ts";
import packageJson from "../package.json" with { type: "json" };
import { anchorsIn, codeIn, linksIn, type Page, spansIn } from "./markdown.ts";

const root = join(import.meta.dirname, "..");
const pages = globSync("**/*.md", { cwd: root, exclude: ["**/node_modules", ".toolchain"] }).map(readPage);
const program = createProgram(silentIo());

function readPage(path: string): Page {
  return { path, text: readFileSync(join(root, path), "utf8") };
}

test("all pages are looked at", () => {
  const paths = pages.map(({ path }) => path);
  for (const path of ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/guide.md", "docs/verified.md"])
    expect(paths).toContain(path);
  expect(paths.filter((path) => path.startsWith("docs/decisions/")).length).toBeGreaterThan(10);
});

test.for(pages)("every link in $path leads to a file of the project, and to a heading that is in it", (page) => {
  for (const { target, anchor } of linksIn(page)) {
    const path = target === "" ? page.path : relative(root, join(root, dirname(page.path), target));
    expect(path, `${page.path}: ${target}`).not.toMatch(/^\.\./);
    expect(existsSync(join(root, path)), `${page.path}: ${target}`).toBe(true);
    if (anchor !== "") expect([...anchorsIn(readPage(path))], `${page.path}: ${target}#${anchor}`).toContain(anchor);
  }
});

test.for(pages)("every file that $path names is there", (page) => {
  const folders = /^(?:agent-guest|agent-windows|bench|bin|controller|docs|e2e|labs|proto|scripts|shared|studies)\//;
  for (const span of spansIn(page).filter((each) => folders.test(each) && !/[\s*<>]/.test(each))) {
    if (!span.includes("{")) expect(existsSync(join(root, span)), `${page.path}: ${span}`).toBe(true);
  }
});

test.for(pages)("every command that $path names exists, with its options", (page) => {
  const scripts = Object.keys(packageJson.scripts);
  for (const code of codeIn(page)) {
    for (const [, script = ""] of code.matchAll(/(?:npm run|scripts\/tool pnpm) ([a-z]+)/g))
      expect(scripts, `${page.path}: ${code}`).toContain(script);
    for (const [, tool = ""] of code.matchAll(/(?:^|\s)((?:bin|scripts)\/[a-z-]+(?:\.[a-z]+)*)/g))
      expect(existsSync(join(root, tool)), `${page.path}: ${code}`).toBe(true);
    const [, name, rest = ""] = /^(?:\$ )?(?:bin\/)?salvo ([a-z]+)(.*)/.exec(code) ?? [];
    if (name === undefined || name === "help") continue;
    const command = program.commands.find((each) => each.name() === name);
    expect(command, `${page.path}: ${code}`).toBeDefined();
    const within = command!.commands.filter((each) => rest.trim().startsWith(each.name()));
    const known = [command!, ...within].flatMap(({ options }) => options.map(({ long }) => long));
    for (const [flag] of rest.matchAll(/--[a-z]+/g)) expect(known, `${page.path}: ${code}`).toContain(flag);
  }
});

test.for(pages)("$path names no path outside of the project", ({ path, text }) => {
  const absolute = [...text.matchAll(/(?<![\w.:*>/})])\/[a-z][\w.-]*\/[\w./-]*/g)].map(([found]) => found);
  const general = /^\/(?:home\/you|dev|proc|sys|usr|opt\/salvo|etc\/salvo|var\/lib\/salvo)\//;
  expect(
    absolute.filter((found) => !general.test(found)),
    path,
  ).toEqual([]);
});

test("the guide has the table of exit codes as it is, and every key of every file", () => {
  const guide = readPage("docs/guide.md");
  const rows = [...guide.text.matchAll(/^\| +(\d+) \| (.+?) +\|$/gm)].map(([, code, means]) => [Number(code), means]);
  expect(rows).toEqual(Object.values(EXIT).map(({ code, means }) => [code, means]));
  expect(guide.text).toContain(`the first of ${WORST_FIRST.map((exit) => EXIT[exit].code).join(", ")} counts`);

  // What only one kind of agent has is on that agent's own page.
  const pages = [guide, readPage("docs/esxi.md")];
  const named = new Set(pages.flatMap(spansIn).flatMap((span) => span.split(/[.[\]]+/)));
  for (const schema of [AgentConfigSchema, LabSchema, StudySchema]) {
    for (const { key } of schemaDocs(schema)) expect([...named], key).toContain(key.split(/[.[\]]+/).findLast(Boolean));
  }
});
