import { run as runProgram } from "@salvo/shared/process/run.ts";
import { initLabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Io, silentIo } from "./io.ts";
import { createProgram } from "./program.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

interface Said {
  readonly stdout: string;
  readonly stderr: string;
  readonly error: unknown;
}

/** The command line as far as commander knows it, in this process. */
async function salvo(...args: string[]): Promise<Said> {
  const said = { stdout: "", stderr: "" };
  const io: Io = {
    ...silentIo(),
    stdout: { write: (text) => (said.stdout += text) },
    stderr: { write: (text) => (said.stderr += text) },
  };
  try {
    await createProgram(io).parseAsync(["node", "salvo", ...args]);
    return { ...said, error: undefined };
  } catch (error) {
    return { ...said, error };
  }
}

const COMMANDS = [
  "demo",
  "run",
  "serve",
  "resume",
  "discard",
  "report",
  "compare",
  "runs",
  "study",
  "init",
  "token",
  "enrol",
  "deploy",
  "nats",
  "controller",
  "lab",
  "agents",
  "reader",
  "audit",
  "tail",
  "doctor",
  "vlab",
  "help",
];
const quiet = silentIo();

test("these are the commands, and the help lists them with the exit codes", async () => {
  expect(createProgram(quiet).commands.map((command) => command.name())).toEqual(COMMANDS);
  const { stdout, error } = await salvo("--help");
  expect(error).toMatchObject({ exitCode: 0 });
  for (const word of [...COMMANDS, "Exit codes:", "130  ended by Ctrl-C, SIGTERM or SIGHUP"])
    expect(stdout).toContain(word);
});

test.for(COMMANDS)("salvo help %s tells of every argument and option, and so does --help", async (name) => {
  const help = await salvo("help", name);
  expect(help).toMatchObject({ error: { exitCode: 0 }, stderr: "" });
  const command = createProgram(quiet).commands.find((each) => each.name() === name)!;
  const text = help.stdout.replaceAll(/\s+/g, " ");
  for (const { flags, description, envVar } of command.options) {
    expect(text).toContain(flags);
    expect(text).toContain(description);
    if (envVar !== undefined) expect(text).toContain(`env: ${envVar}`);
  }
  for (const argument of command.registeredArguments) expect(help.stdout).toContain(argument.name());
  expect((await salvo(name, "--help")).stdout).toBe(help.stdout);
});

test.for([
  ["an unknown command", ["fly"], "unknown command 'fly'"],
  ["an unknown option", ["runs", "--colour"], "unknown option '--colour'"],
  ["an option that looks like another", ["demo", "--agent", "2"], "(Did you mean --agents?)"],
  ["a missing argument", ["run", "--lab", "lab.yaml"], "missing required argument 'STUDY'"],
  ["a missing option", ["agents"], "required option '--lab <FILE>' not specified"],
  ["a missing value", ["demo", "--agents"], "argument missing"],
  ["no number", ["demo", "--agents", "some"], "a whole number from 1 to 1000 is needed"],
  ["another format", ["tail", "--lab", "x", "--format", "xml"], "Allowed choices are json, csv, influx"],
  ["too much", ["demo", "now"], "too many arguments"],
] as const)("%s is refused with what is wrong and where to look", async ([, args, message]) => {
  const { stdout, stderr, error } = await salvo(...args);
  expect(error).toMatchObject({ name: expect.stringContaining("CommanderError"), exitCode: 1 });
  expect(stdout).toBe("");
  expect(stderr).toContain(message);
  expect(stderr).toContain("salvo help COMMAND tells more");
});

test("help for a command below another tells what that command says with --help", async () => {
  const help = await salvo("help", "lab", "import");
  expect(help.stdout).toMatch(/^Usage: salvo lab import /);
  expect(help.stdout).toBe((await salvo("lab", "import", "--help")).stdout);
});

test("help for a command that there is not says so, before it says what there is", async () => {
  const unknown = await salvo("help", "nothing");
  expect(unknown).toMatchObject({ stdout: "", error: { exitCode: 1 } });
  expect(unknown.stderr).toMatch(/^error: unknown command 'nothing'\n\nUsage: salvo/);
  expect((await salvo("help", "reprt")).stderr).toMatch(
    /^error: unknown command 'reprt', did you mean report\?\n\nUsage/,
  );
  expect((await salvo("help", "lab", "imprt")).stderr).toMatch(
    /^error: unknown command 'lab imprt', did you mean import\?\n\nUsage: salvo lab/,
  );
  expect((await salvo()).stderr).toMatch(/^Usage: salvo/);
});

test("a reader is told where to read as far as that is known, and only readers that there are can be revoked", async () => {
  const place = join(folder, "with-readers");
  await initLabFolder(place, "x", Date.now());
  const lab = ["--lab", join(place, "lab.yaml")];
  await writeFile(join(place, "lab.yaml"), "name: x\nagents: [{id: a, address: '127.0.0.1:1', roles: [workload]}]\n");
  const out = join(place, "r");
  const made = await salvo("reader", "create", "r", ...lab, "--data", place, "--out", out);
  expect(made).toMatchObject({ stdout: `${out}\n`, error: undefined });
  expect(made.stderr).toContain("may read salvo.x.> at the port that the first run writes to");
  await mkdir(join(place, "nats"));
  await writeFile(join(place, "nats", "nats-port"), "4711\n");
  const again = await salvo("reader", "create", "r", ...lab, "--data", place, "--out", out);
  expect(again.stderr).toContain("may read salvo.x.> at nats://127.0.0.1:4711, and");
  const { error } = await salvo("reader", "revoke", "q", ...lab);
  expect(error).toMatchObject({ kind: "invalid-input", message: "there is no reader q", remedy: "The lab has r" });
});

/** The real command, whose exit code a script sees. */
async function exitOf(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const main = join(import.meta.dirname, "../main.ts");
  const { SALVO_LAB: _, ...inherited } = process.env;
  const options = { cwd: folder, timeoutMs: 60_000, env: { ...inherited, ...env } };
  return runProgram(process.execPath, [main, ...args], options);
}

test("exit codes are as the table says", async () => {
  await writeFile(join(folder, "broken.yaml"), "name: x\nagents: 5\n");
  await writeFile(join(folder, "lab.yaml"), "name: x\nagents: [{id: a, address: '127.0.0.1:1', roles: [workload]}]\n");
  await initLabFolder(folder, "x", Date.now());
  await mkdir(join(folder, "bare"));
  await copyFile(join(folder, "lab.yaml"), join(folder, "bare", "lab.yaml"));
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["--version"], 0, /^$/],
    [["help", "run"], 0, /^$/],
    [["runs", "--data", join(folder, "none")], 0, /^no runs in /],
    [[], 2, /Usage: salvo/],
    [["fly"], 2, /unknown command/],
    [["demo", "--fly"], 2, /unknown option/],
    [["agents", "--lab", "broken.yaml"], 2, /^salvo: broken\.yaml:2/],
    [["agents", "--lab", "none.yaml"], 2, /^salvo: none\.yaml: there is no such file\. Give the path of a lab file/],
    [["agents", "--lab", "lab.yaml"], 6, /^$/],
    [["agents", "--lab", "bare/lab.yaml"], 6, /no certificate authority here\. Make the lab's folder with: salvo init/],
    [["agents", "revoke", "a", "--lab", "lab.yaml"], 6, /no agent a has ever joined/],
    [["token", "create", "--lab", "lab.yaml", "--agent", "A"], 2, /"A" cannot be the id of an agent/],
    [["token", "create", "--lab", "lab.yaml", "--agent", "a", "--role", "king"], 2, /there is no role king/],
    [["init", "."], 6, /the folder of a lab already/],
  ];
  const ended: unknown[] = [];
  for (const [args] of cases) ended.push(await exitOf(args));
  expect(ended).toEqual(
    cases.map(([, exitCode, stderr]) => expect.objectContaining({ exitCode, stderr: expect.stringMatching(stderr) })),
  );
}, 120_000);

test("an option may come from the environment; the command line wins", async () => {
  const named = { stderr: expect.stringContaining("from-env.yaml: there is no such file") };
  expect(await exitOf(["agents"], { SALVO_LAB: "from-env.yaml" })).toMatchObject(named);
  const overruled = { stderr: expect.stringContaining("from-flag.yaml: there is no such file") };
  expect(await exitOf(["agents", "--lab", "from-flag.yaml"], { SALVO_LAB: "from-env.yaml" })).toMatchObject(overruled);
});
