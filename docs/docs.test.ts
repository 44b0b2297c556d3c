/** What these pages say must be so. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { EXIT, WORST_FIRST } from "../shared/kernel/exit.ts";
import { silentIo } from "../controller/cli/io.ts";
import { createProgram } from "../controller/cli/program.ts";
import { AgentConfigSchema } from "../proto/gen/salvo/v1/agent_file_pb.ts";
import { LabSchema } from "../proto/gen/salvo/v1/lab_pb.ts";
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
  for (const path of ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/README.md", "docs/verified.md"])
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
    for (const [flag] of rest.matchAll(/--[a-z]+(?:-[a-z]+)*/g)) expect(known, `${page.path}: ${code}`).toContain(flag);
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

test("the page of results has the table of exit codes as it is", () => {
  const { text } = readPage("docs/results.md");
  const rows = [...text.matchAll(/^\| +(\d+) \| (.+?) +\|$/gm)].map(([, code, means]) => [Number(code), means]);
  expect(rows).toEqual(Object.values(EXIT).map(({ code, means }) => [code, means]));
  expect(text).toContain(`the first of ${WORST_FIRST.map((exit) => EXIT[exit].code).join(", ")} counts`);
});

/** The pages that explain the files that people write. */
const FILE_PAGES = ["hosts", "nats", "raw-disks", "storage", "studies", "esxi", "windows"].map((name) =>
  readPage(`docs/${name}.md`),
);

test("the pages about files name every key of every file", () => {
  const named = new Set(FILE_PAGES.flatMap(spansIn).flatMap((span) => span.split(/[.[\]]+/)));
  for (const schema of [AgentConfigSchema, LabSchema, StudySchema]) {
    for (const { key } of schemaDocs(schema)) expect([...named], key).toContain(key.split(/[.[\]]+/).findLast(Boolean));
  }
});

test("the index leads to every page", () => {
  const linked = linksIn(readPage("docs/README.md")).map(({ target }) => join("docs", target));
  const pagesOfDocs = pages.map(({ path }) => path).filter((path) => /^docs\/[^/]+\.md$/.test(path));
  for (const path of pagesOfDocs.filter((each) => each !== "docs/README.md")) expect(linked).toContain(path);
});

test("the messages that the page of troubles explains are those of the source", () => {
  const said = readFileSync(join(root, "docs/messages.txt"), "utf8").replaceAll(/\{[^}]*\}/g, "...");
  const text = readPage("docs/troubleshooting.md").text.replaceAll(/\n {2,}/g, " ");
  const explained = [...text.matchAll(/^- \*\*(.+?)\*\*/gm)].map(([, message = ""]) => message);
  expect(explained.length).toBeGreaterThan(30);
  for (const message of explained) {
    const parts = message
      .split("...")
      .map((part) => part.replace(/^[ ;:,(]*(?:(?:ms|s|%|cores|CPUs) [ (]*)?/, "").trim());
    for (const part of parts.filter(({ length }) => length >= 15)) expect(said, message).toContain(part);
  }
});

test("every section of the page of proofs says how, and names tests that exist or says that there is none", () => {
  const { text } = readPage("docs/verified.md");
  const sections = text.split(/^## /m).slice(1);
  expect(sections.length).toBeGreaterThan(20);
  for (const section of sections) {
    const [title] = section.split("\n", 1);
    const items = section.split(/^- /m).slice(1);
    expect(items.length, title).toBeGreaterThan(0);
    for (const item of items) {
      expect(item, title).toMatch(/^\*\*(?:Real|Emulated|Simulated|Real and emulated|Not at all)\*\*/);
      const tests = [...item.matchAll(/`([\w/.-]+\.(?:test|e2e|wine)\.ts)`/g)].map(([, path = ""]) => path);
      for (const path of tests) expect(existsSync(join(root, path)), `${title}: ${path}`).toBe(true);
      const proven = tests.length > 0 || /by hand|The tests in `|^\*\*Not at all/i.test(item);
      expect(proven, `${title}: name the test of: ${item}`).toBe(true);
    }
  }
});
