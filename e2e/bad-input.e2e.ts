/** What is wrong in a file or flag is said with file, line, column and remedy before anything is started. */
import { readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, startLab } from "./lab.ts";
import { type Ended, startAgentProgram } from "./process.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ agents: [{ devices: 2 }, {}] });
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

const workload = `
workloads:
  - name: quick
    pattern: randread
    blockSize: 4KiB
    duration: 1s
`;
const scenario = `
scenarios:
  - name: local
    participants:
      - { agent: guest1, device: disk1 }
`;
const study = `name: bad
interval: 100ms
`;

/** A study file, and what is said of it: place in the file, then words. */
const STUDIES: Readonly<Record<string, readonly [text: string, place: string, ...words: string[]]>> = {
  "a field that there is not": [
    `${study}${scenario}${workload}    blocksize: 8KiB\n`,
    "14:5",
    "blocksize",
    "did you mean blockSize",
  ],
  "a size without a unit": [`${study}${scenario}${workload.replace("4KiB", "4096")}`, "12:16", "write 4KiB"],
  "a unit that there is not": [`${study}${scenario}${workload.replace("1s", "1sec")}`, "13:15", "write 1s"],
  "a unit of another kind": [`${study}${scenario}${workload.replace("4KiB", "4ms")}`, "12:16", "4ms"],
  "no workloads": [`${study}${scenario}`, "1:1", "workloads"],
  "an empty list of workloads": [`${study}${scenario}workloads: []\n`, "8:12", "workloads"],
  "no scenarios": [`${study}${workload}`, "1:1", "scenarios"],
  "two workloads of one name": [
    `${study}${scenario}${workload}${workload.slice(workload.indexOf("  -"))}`,
    "14:11",
    "quick",
  ],
  "an agent that is not in the lab": [`${study}${scenario.replace("guest1", "guest9")}${workload}`, "7:18", "guest9"],
  "YAML that is none": [`${study}scenarios: [\n`, "4:1", "not valid YAML"],
};

for (const [what, [text, place, ...words]] of Object.entries(STUDIES)) {
  test(`a study with ${what}`, async () => {
    const file = join(lab.folder, "bad-study.yaml");
    await writeFile(file, text);
    const ended = await run(file, lab.labFile);
    expectRefused(ended, `${file}${place && `:${place}`}`, ...words);
    await expectNothingStarted();
  });
}

const LABS: Readonly<Record<string, readonly [text: string, place: string, ...words: string[]]>> = {
  "zero agents": ["name: bad\nagents: []\n", "2:9", "agents"],
  "no agents at all": ["name: bad\n", "1:1", "agents"],
  "two agents of one id": [
    `name: bad
agents:
  - { id: guest1, address: "127.0.0.1:7401", roles: [workload] }
  - { id: guest1, address: "127.0.0.1:7402", roles: [workload] }
`,
    "4:",
    "guest1",
  ],
  "two agents at one address": [
    `name: bad
agents:
  - { id: guest1, address: "127.0.0.1:7401", roles: [workload] }
  - { id: guest2, address: "127.0.0.1:7401", roles: [workload] }
`,
    "4:",
    "guest1",
  ],
  "a field that there is not": ["name: bad\nagent: []\n", "2:1", "did you mean agents"],
  "an address without a port": [
    "name: bad\nagents:\n  - { id: guest1, address: guest1.example, roles: [workload] }\n",
    "3:",
    "host:7400",
  ],
};

for (const [what, [text, place, ...words]] of Object.entries(LABS)) {
  test(`a lab with ${what}: refused by every command that reads it`, async () => {
    const file = join(lab.folder, "bad-lab.yaml");
    await writeFile(file, text);
    const data = ["--data", join(lab.folder, "none")];
    expectRefused(await run(await lab.writeStudy({}), file), `${file}:${place}`, ...words);
    expectRefused(await lab.salvo(["resume", "--lab", file, ...data, "--json"]), `${file}:${place}`, ...words);
    expectRefused(await lab.salvo(["agents", "--lab", file, "--json"]), `${file}:${place}`, ...words);
    expectRefused(await lab.salvo(["tail", "--lab", file, ...data]), `${file}:${place}`, ...words);
    await expectNothingStarted();
  });
}

test("all mistakes of a file are said at once, each with its place", async () => {
  const file = join(lab.folder, "bad-study.yaml");
  await writeFile(file, `${study}${scenario}${workload.replace("4KiB", "4096").replace("1s", "1sec")}`);
  const { stderr } = await run(file, lab.labFile);
  for (const place of ["12:16", "13:15"]) expect(stderr).toContain(`${file}:${place}`);
});

test("a file that is not there is named", async () => {
  const ended = await run(join(lab.folder, "nowhere.yaml"), lab.labFile);
  expectRefused(ended, `${join(lab.folder, "nowhere.yaml")}: there is no such file. Give the path of a study file`);
  const folder = join(lab.folder, "folder.yaml");
  await mkdir(folder, { recursive: true });
  expectRefused(await run(folder, lab.labFile), folder, "this is not a plain file");
});

test("a device that its agent does not list: no agent is armed, nothing is sealed, and what there is is named", async () => {
  const file = await lab.writeStudy({
    scenarios: [
      {
        name: "local",
        participants: [
          { agent: "guest1", device: "disk1" },
          { agent: "guest2", device: "disk7" },
        ],
      },
    ],
  });
  // This one is for a controller to find out, which has a data folder.
  const { stdout, stderr, exitCode } = await run(file, lab.labFile, join(lab.folder, "controller-of-its-own"));
  expect(stderr).toMatch(/guest2: \S+study\d*\.yaml:\d+:\d+: device disk7 is not listed .*listed: disk1/);
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 6 });
  for (const agent of lab.agents) expect(await agent.runs()).toEqual([]);
});

const FLAGS: Readonly<Record<string, readonly [args: readonly string[], ...words: string[]]>> = {
  "no lab": [["run", "study.yaml"], "--lab"],
  "seconds that are none": [
    ["run", "study.yaml", "--lab", "lab.yaml", "--seconds", "soon"],
    "--seconds",
    "whole seconds",
  ],
  "no repeats": [["run", "study.yaml", "--lab", "lab.yaml", "--repeats", "0"], "--repeats", "whole number"],
  "a flag that there is not": [["run", "study.yaml", "--lab", "lab.yaml", "--second", "1"], "--second", "--seconds"],
  "a command that there is not": [["rnu"], "rnu", "run"],
  "a format that there is not": [["tail", "--lab", "lab.yaml", "--format", "xml"], "xml", "influx"],
};

for (const [what, [args, ...words]] of Object.entries(FLAGS)) {
  test(`a command line with ${what}`, async () => {
    const ended = await lab.salvo(args);
    expect(ended).toMatchObject({ stdout: "", exitCode: 2 });
    for (const word of words) expect(ended.stderr).toContain(word);
  });
}

test("an agent's program ends as the controller's do: 2 for what it was given, 6 for what is not there", async () => {
  const program = async (...args: string[]) => startAgentProgram(args, { cwd: lab.folder }).ended;
  expectRefused(await program(), "--config");
  expectRefused(await program("--fly"), "unknown option");
  expectRefused(await program("--config", "nowhere.yaml"), "nowhere.yaml: there is no such file");
  await writeFile(join(lab.folder, "agent.yaml"), JSON.stringify({ id: "guest9", dataDir: "d", devices: [] }));
  expect(await program("--config", "agent.yaml")).toMatchObject({ exitCode: 6, stdout: "" });
  expect(await program("--help")).toMatchObject({ exitCode: 0, stderr: "" });
});

test("--only that matches nothing names what there is", async () => {
  const file = await lab.writeStudy({});
  const place = ["--lab", lab.labFile, "--data", lab.dataDir];
  const ended = await lab.salvo(["run", file, ...place, "--json", "--only", "*/fast"]);
  expectRefused(ended, "--only", "fast", "Scenarios: local. Workloads: quick");
  await expectNothingStarted();
});

function run(study: string, labFile: string, dataDir = lab.dataDir): Promise<Ended> {
  return lab.salvo(["run", study, "--lab", labFile, "--data", dataDir, "--json"]);
}

function expectRefused({ stdout, stderr, exitCode }: Ended, ...words: string[]): void {
  for (const word of words) expect(stderr).toContain(word);
  expect(stderr).not.toMatch(/^ +at /m); // no stack: it is no bug
  expect(stdout).toBe("");
  expect(exitCode, stderr).toBe(2);
}

/** Not even a data folder was touched. */
async function expectNothingStarted(): Promise<void> {
  expect(readdirSync(lab.dataDir)).toEqual([]);
  for (const agent of lab.agents) expect(await agent.runs()).toEqual([]);
}
