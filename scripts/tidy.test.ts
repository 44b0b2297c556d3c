/** Rules about the code itself: see CONTRIBUTING.md for why they are there. */
import { expect, test } from "vitest";
import { measureFunctions } from "./function-lengths.ts";
import { importCycles } from "./import-cycles.ts";
import { assertionLines, codeOf, readSources, type Source, sourceOf } from "./sources.ts";

const sources = readSources();
const product = sources.filter(({ forTests }) => !forTests);

function broken(rule: (source: Source) => readonly string[], among = sources): string[] {
  return among.flatMap((source) => rule(source).map((what) => `${source.path}: ${what}`));
}

const LINES_MAX = 400;

test("no file is longer than a person can keep in mind", () => {
  expect(broken(({ lines }) => (lines.length > LINES_MAX ? [`${lines.length} lines`] : []))).toEqual([]);
});

const FUNCTION_LINES_MAX = 120;

function longFunctions({ lines }: Source): string[] {
  return measureFunctions(lines)
    .filter(({ length }) => length > FUNCTION_LINES_MAX)
    .map(({ line, length }) => `line ${line} begins a function of ${length} lines`);
}

test("no function is longer than a person can follow", () => {
  expect(broken(longFunctions, product)).toEqual([]);
});

test("no file imports itself by way of others, not even for types", () => {
  expect(importCycles(sources)).toEqual([]);
});

const BASIS = [
  "audit",
  "bus",
  "clock",
  "config",
  "files",
  "fio",
  "identity",
  "journal",
  "log",
  "process",
  "rpc",
  "ssh",
].map((name) => `shared/${name}`);

/** Which parts a part may know, besides itself, shared/kernel and proto. */
const MAY_KNOW: Readonly<Record<string, readonly string[]>> = {
  "shared/kernel": [],
  ...Object.fromEntries(BASIS.map((part) => [part, []])),
  "shared/audit": ["shared/files", "shared/process"],
  "shared/bus": ["shared/files"],
  "shared/config": ["shared/files"],
  "shared/identity": ["shared/files"],
  "shared/journal": ["shared/files"],
  "shared/ssh": ["shared/files"],
  "shared/agent/domain": [],
  "shared/agent": ["shared/agent/domain", ...BASIS],
  "agent-guest": ["shared/agent", "shared/agent/domain", ...BASIS],
  "agent-windows": ["shared/agent", "shared/agent/domain", ...BASIS],
  "agent-esxi": ["shared/agent", "shared/agent/domain", ...BASIS],
  "controller/domain": ["shared/agent/domain", "shared/clock", "shared/config", "shared/fio"],
  "controller/analysis": ["controller/domain", "shared/clock", "shared/fio"],
  "controller/store": ["controller/analysis", "controller/domain", "shared/files", "shared/journal", "shared/process"],
  "controller/report": [
    "controller/analysis",
    "controller/domain",
    "controller/store",
    "shared/agent/domain",
    "shared/fio",
  ],
  "controller/service": [
    "controller/domain",
    "controller/analysis",
    "controller/store",
    "shared/agent/domain",
    ...BASIS,
  ],
  "controller/deploy": ["controller/service", ...BASIS],
  "testbed/vlab": BASIS,
  "testbed/esxi-host": BASIS,
  // It stands in for Windows, and must share nothing with the agent.
  "testbed/windows-sim": [],
  "controller/cli": [
    "controller/analysis",
    "controller/deploy",
    "controller/domain",
    "controller/report",
    "controller/service",
    "controller/store",
    "controller/web",
    "testbed/vlab",
    ...BASIS,
  ],
  "controller/web": [
    "shared/agent/domain",
    "controller/domain",
    "controller/report",
    "controller/service",
    "controller/store",
    ...BASIS,
  ],
  controller: ["controller/cli"],
};

/** The most exact name in the table that a file is under. */
function partOf(path: string): string | undefined {
  const parts = path.split("/");
  return parts.map((_, end) => parts.slice(0, parts.length - end).join("/")).find((name) => name in MAY_KNOW);
}

function wrongWays({ path, imports }: Source): string[] {
  const part = partOf(path);
  if (part === undefined) return ["is in no part that the table of this test knows"];
  return imports.flatMap(({ path: to }) => {
    if (to === undefined || to.startsWith("proto/") || to.startsWith("shared/kernel/") || to.endsWith("package.json"))
      return [];
    if (sourceOf(to, "").forTests) return [`imports ${to}, which is for tests`];
    const known = partOf(to);
    const fine = known === part || (known !== undefined && MAY_KNOW[part]?.includes(known));
    return fine ? [] : [`imports ${to}, which it must not know`];
  });
}

test("imports go one way, from what decides and serves down to what everybody stands on", () => {
  expect(broken(wrongWays, product)).toEqual([]);
});

/** Who may use a package of others; what is not listed is free. */
const PLACES: readonly (readonly [packages: RegExp, place: RegExp])[] = [
  [/^@grpc\//, /^shared\/rpc\//],
  [/^@nats-io\//, /^shared\/bus\//],
  [/^(node:)?child_process$/, /^shared\/process\//],
  [/^ssh2$/, /^shared\/ssh\//],
  [/^@duckdb\//, /^controller\/(store|report)\//],
  [/^pino$/, /^shared\/log\//],
  [/^systeminformation$/, /^agent-[a-z]+\/host\.ts$/],
  [/^koffi$/, /^agent-windows\/win32\//],
  [/^(hono|@hono|preact|uplot|esbuild)/, /^(controller\/web|scripts)\//],
  [/^commander$/, /^(controller\/cli\/.*|controller\/main|shared\/agent\/program)\.ts$/],
];

function outOfPlace({ path, imports }: Source): string[] {
  return imports.flatMap(({ from }) =>
    PLACES.some(([packages, place]) => packages.test(from) && !place.test(path)) ? [`imports ${from}`] : [],
  );
}

test("gRPC, NATS, processes and the like each have one place", () => {
  expect(broken(outOfPlace, product)).toEqual([]);
});

/** What a domain must be given instead of taking it. */
const OUTSIDE =
  /\b(Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|setImmediate|performance\.|process\.|crypto\.|fetch\()/g;

function impure(source: Source): string[] {
  if (!source.path.includes("/domain/")) return [];
  const modules = source.imports.filter(({ from }) => from.startsWith("node:")).map(({ from }) => `imports ${from}`);
  const calls = source.forTests ? [] : [...codeOf(source).matchAll(OUTSIDE)].map(([what]) => `uses ${what}`);
  return source.path.endsWith(".test.ts") ? [] : [...modules, ...calls];
}

test("what decides is pure: no files, clocks, timers or chance under domain/", () => {
  expect(broken(impure)).toEqual([]);
});

function barrels(source: Source): string[] {
  const code = codeOf(source);
  if (/^export \* from/m.test(code)) return ["exports everything of another file"];
  const onlyPassesOn = /\S/.test(code) && code.replaceAll(/^(import|export)\b[^;]*from "[^"]*";/gm, "").trim() === "";
  return onlyPassesOn || source.path.endsWith("/index.ts") ? ["only passes on what others export"] : [];
}

test("there are no barrels", () => {
  expect(broken(barrels)).toEqual([]);
});

test("files are named after what they are about", () => {
  const vague = /(^|[/-])(utils?|helpers?|common|misc|manager|shared|lib|types|constants)\.ts$/;
  const wrong = sources.map(({ path }) => path).filter((path) => vague.test(path) || !/^[a-z0-9./-]+$/.test(path));
  expect(wrong).toEqual([]);
});

/** A statement may be long, and its comment stands before it. */
const NEAR_LINES = 3;

function unexplained(source: Source): string[] {
  return assertionLines(source).flatMap((number) => {
    const near = source.lines.slice(Math.max(0, number - 1 - NEAR_LINES), number).join("\n");
    return /\/\/|\*\//.test(near)
      ? []
      : [`line ${number} asserts a type and does not say why: ${source.lines[number - 1]?.trim()}`];
  });
}

test("an assertion that nobody checks says why it holds, on its line or just before", () => {
  expect(broken(unexplained, product)).toEqual([]);
});

/** A call has room for some 120,000 arguments, and lists that grow with a run are longer: see shared/kernel/extremes.ts. */
const SPREAD = /\bMath\.(?:max|min)\((?:[^()]|\([^()]*\))*?(?<=[(,]\s*)\.\.\./g;

function spreads(source: Source): string[] {
  return [...codeOf(source).matchAll(SPREAD)].map(([what]) => `spreads a list: ${what}`);
}

test("no list is spread into Math.max or Math.min", () => {
  expect(broken(spreads, product)).toEqual([]);
});

/** Whatever makes one and cannot bind it has let a timer go on. */
function unboundDeadlines(source: Source): string[] {
  if (source.forTests || source.path === "shared/kernel/signal.ts") return [];
  return source.lines.flatMap((line, index) =>
    /\bdeadline\(/.test(line) && !/^\s*using \w+ = deadline\(/.test(line) ? [`line ${index + 1}: ${line.trim()}`] : [],
  );
}

test("a deadline is bound with using, so that no timer outlives what it was for", () => {
  expect(broken(unboundDeadlines)).toEqual([]);
});

/** What others wrote must not reach a terminal as it is: see shared/kernel/terminal-text.ts. */
const RAW_OUTPUT = /\bprocess\.std(?:out|err)\.write\b|\bconsole\.\w+\(/g;
const PRINTERS =
  /^(shared\/process\/print\.ts|shared\/bus\/example\/.*|shared\/fio\/fixtures\/.*|testbed\/(esxi-host|windows-sim)\/.*|bench\/.*|scripts\/.*)$/;

function rawOutput(source: Source): string[] {
  if (PRINTERS.test(source.path)) return [];
  return [...codeOf(source).matchAll(RAW_OUTPUT)].map(([what]) => `prints by ${what}`);
}

test("nothing is printed but through shared/process/print.ts", () => {
  expect(broken(rawOutput, product)).toEqual([]);
});

test("nothing is left for later, and every test is run", () => {
  const later = new RegExp(["TO", "DO\\b|FIX", "ME\\b|\\bX", "XX\\b"].join(""));
  const left = new RegExp(["\\b(test|it|describe)", "\\.(only|skip|todo|fails|skipIf)\\b"].join(""));
  const rule = ({ lines }: Source) =>
    lines.flatMap((line, index) => (later.test(line) || left.test(line) ? [`line ${index + 1}: ${line.trim()}`] : []));
  expect(broken(rule)).toEqual([]);
});

test("no path of somebody's own machine is written down", () => {
  const own = new RegExp(["/wo", "rk/|/ho", "me/|/Us", "ers/"].join(""));
  const rule = ({ lines }: Source) => lines.flatMap((line, index) => (own.test(line) ? [`line ${index + 1}`] : []));
  expect(broken(rule)).toEqual([]);
});

/** Each rule must be able to find something. */
test.for<readonly [string, (source: Source) => readonly string[], string, string]>([
  ["upwards", wrongWays, "shared/agent/x.ts", 'import { a } from "@salvo/controller/cli/table.ts";'],
  ["sideways", wrongWays, "agent-guest/x.ts", 'import { a } from "../agent-windows/y.ts";'],
  ["between parts", wrongWays, "shared/fio/x.ts", 'import { a } from "../journal/writer.ts";'],
  ["from a test", wrongWays, "shared/rpc/x.ts", 'import { a } from "./echo.fixture.ts";'],
  ["over several lines", wrongWays, "shared/fio/x.ts", 'import {\n  a,\n  b,\n} from "../bus/slots.ts";'],
  ["nowhere", wrongWays, "attic/x.ts", "export const a = 1;"],
  ["gRPC", outOfPlace, "controller/service/x.ts", 'import { a } from "@grpc/grpc-js";'],
  ["a process", outOfPlace, "controller/cli/x.ts", 'const { a } = await import("node:child_process");'],
  ["a clock", impure, "controller/domain/x.ts", "export const a = () => Date.now();"],
  ["a file", impure, "shared/agent/domain/x.ts", 'import { a } from "node:fs";'],
  ["a barrel", barrels, "shared/fio/x.ts", 'export { a } from "./a.ts";\nexport { b } from "./b.ts";\n'],
  ["an as", unexplained, "shared/fio/x.ts", "export const a = JSON.parse(b) as string;"],
  ["an as over lines", unexplained, "shared/fio/x.ts", "export const a = {\n  c: f(\n    b,\n  ) as string,\n};"],
  ["a spread", spreads, "shared/fio/x.ts", "export const a = Math.max(0, ...b.map((c) => c));"],
  ["a spread after a call", spreads, "shared/fio/x.ts", "export const a = Math.min(f(1), ...b);"],
  [
    "a long function",
    longFunctions,
    "shared/fio/x.ts",
    `export function a(\n  b: B,\n): C {\n${"  b();\n".repeat(117)}}`,
  ],
  [
    "a long method",
    longFunctions,
    "shared/fio/x.ts",
    `const a = {\n  async b(c) {\n${"    c();\n".repeat(119)}  },\n};`,
  ],
  ["a long arrow", longFunctions, "shared/fio/x.ts", `a(b, ({ c }) => {\n${"  c();\n".repeat(119)}});`],
  ["a raw print", rawOutput, "shared/fio/x.ts", "process.stderr.write(text);"],
  ["a timer", unboundDeadlines, "shared/fio/x.ts", 'await sleep(1, { signal: deadline(5, "waiting") });'],
  ["a bang", unexplained, "shared/fio/x.ts", "export const a = b.get(c)!.d;"],
])("the rules find: %s", ([, rule, path, text]) => {
  expect(rule(sourceOf(path, text))).toHaveLength(1);
});

test("cycles are found, through files of other packages too, and each once", () => {
  const files = [
    sourceOf("shared/a.ts", 'import type { B } from "./b.ts";'),
    sourceOf("shared/b.ts", 'import { c } from "@salvo/proto/c.ts";\nimport { d } from "./d.ts";'),
    sourceOf("proto/c.ts", 'import { a } from "../shared/a.ts";'),
    sourceOf("shared/d.ts", 'import { e } from "node:fs";'),
    sourceOf("shared/f.ts", 'import { a } from "./a.ts";\nimport { d } from "./d.ts";'),
  ];
  expect(importCycles(files)).toEqual(["shared/a.ts -> shared/b.ts -> proto/c.ts -> shared/a.ts"]);
  expect(importCycles(files.slice(1))).toEqual([]);
});

test("the rules let pass what only looks like it", () => {
  const innocent = [
    'import { a as b } from "./a.ts";',
    'import { type C as D, a } from "./a.ts";',
    "/* as told */ export const e = `as ${b} as good!`; // Date.now",
    "export const f = [1] as const;",
    "export const g = !e && f !== undefined ? e != undefined : b as D; // because",
    "// it says why",
    "export const h = g!;",
    "export const i = Math.max(1, [...f].length);",
    `export function j() {\n${"  h();\n".repeat(FUNCTION_LINES_MAX - 2)}}`,
    `if (\n  h &&\n  i\n) {\n${"  h();\n".repeat(FUNCTION_LINES_MAX)}}`,
    `export const k = {\n${"  h,\n".repeat(FUNCTION_LINES_MAX)}};`,
  ].join("\n");
  const source = sourceOf("controller/domain/x.ts", innocent);
  for (const rule of [wrongWays, outOfPlace, impure, barrels, spreads, unexplained, longFunctions])
    expect(rule(source)).toEqual([]);
});

function readsErrno(source: Source): string[] {
  // What stands in for the programs of others shares no code with ours.
  if (/^testbed\/(esxi-host|windows-sim)\//.test(source.path)) return [];
  return source.path !== "shared/kernel/errno.ts" && codeOf(source).includes('"code" in')
    ? ["reads the code of a system error by itself: use errnoOf"]
    : [];
}

test("one function reads the code of a system error", () => {
  expect(broken(readsErrno, product)).toEqual([]);
});

test("doubles for tests are in files named *.fixture.ts, beside what they stand in for", () => {
  const misnamed = sources.filter(({ path }) => /(^|[/-])(fake|mock|stub|testing|simulated)-[^/]*\.ts$/.test(path));
  expect(misnamed.map(({ path }) => path).filter((path) => !path.endsWith(".fixture.ts"))).toEqual([]);
});
