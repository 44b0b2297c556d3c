/** What the audit logs of a lab and its agents hold after real runs, and that whoever changes them is found out. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Entry, readLine } from "@salvo/shared/audit/entry.ts";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { LabAgent } from "./agent.ts";
import { type Lab, startLab } from "./lab.ts";
import { startAgentProgram } from "./process.ts";
import { slowFio } from "./slow-fio.ts";

const auditOf = (agent: LabAgent) => join(agent.dataDir, "audit.jsonl");

async function entriesOf(file: string): Promise<Entry[]> {
  const lines = (await readFile(file, "utf8")).split("\n").slice(0, -1);
  return lines.map((line) => {
    const entry = readLine(Buffer.from(line));
    if (typeof entry === "string") throw new Error(`${file}: ${entry}: ${line}`);
    return entry;
  });
}

const brief = ({ kind, what, ...rest }: Entry) =>
  `${kind} ${what.replace("salvo.v1.AgentService/", "")}${"result" in rest ? ` ${rest.result}` : ""}`;

let lab: Lab;
let labLog: string;
beforeAll(async () => {
  lab = await startLab({ agents: 2 });
  labLog = join(lab.identities.folder, "audit.jsonl");
  const { stderr, runs } = await lab.runStudy({});
  expect(["complete", "degraded"], stderr).toContain(runs[0]?.verdict);
});
afterAll(() => lab[Symbol.asyncDispose]());

const verify = (...args: string[]) => lab.salvo(["audit", "verify", "--lab", lab.labFile, ...args]);

test("a run stands in the logs of the lab and of each agent, and all of them verify", async () => {
  const run = (await lab.query("SELECT run FROM runs"))[0]?.["run"];
  for (const agent of lab.agents) {
    const entries = await entriesOf(auditOf(agent));
    expect(entries.map(brief)).toEqual([
      "begin Arm",
      "end Arm ok",
      "begin Fire",
      "end Fire ok",
      "begin Release",
      "end Release ok",
    ]);
    expect([...new Set(entries.map(({ who }) => who))]).toEqual([
      expect.stringMatching(/^salvo:\/\/bench\/controller\?generation=\d+$/),
    ]);
    expect(entries[0]?.details).toMatchObject({ run, devices: "disk1" });
    expect(await verify(auditOf(agent), "--agent", agent.id)).toMatchObject({ exitCode: 0 });
  }
  const asked = await entriesOf(labLog);
  for (const { id } of lab.agents) {
    const ofAgent = asked.filter(({ details }) => details["agent"] === id);
    expect(ofAgent.map(brief)).toEqual([
      "begin Arm",
      "end Arm ok",
      "begin Fire",
      "end Fire ok",
      "begin Release",
      "end Release ok",
    ]);
    expect(ofAgent.at(-1)?.details).toMatchObject({ audit_seq: 5 });
  }
  expect(await verify("--json")).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('"holds":true') });
  const shown = await lab.salvo(["audit", "show", "--lab", lab.labFile]);
  expect(shown).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(new RegExp(`Fire +ok +run=${String(run)}`)),
  });
});

test("a changed letter is named with its line, on either side, and an agent does not go on after it", async () => {
  const copy = join(lab.folder, "changed.jsonl");
  const text = await readFile(labLog, "utf8");
  await writeFile(copy, text.split("\n").with(2, text.split("\n")[2]!.replace("guest", "gu3st")).join("\n"));
  const ended = await verify(copy);
  expect(ended).toMatchObject({
    exitCode: 6,
    stdout: expect.stringContaining(`${copy}:3: it is not what was written`),
  });

  const dataDir = join(lab.folder, "elsewhere");
  const config = join(lab.folder, "elsewhere.yaml");
  await writeFile(
    config,
    JSON.stringify({ id: "guest1", dataDir, identityDir: join(lab.folder, "guest1", "identity") }),
  );
  await lab.salvo(["init", dataDir, "--name", "x"]); // any log, where an agent's would be
  const log = join(dataDir, "audit.jsonl");
  await writeFile(log, (await readFile(log, "utf8")).replace('"result":"ok"', '"result":"OK"'));
  const program = (...args: string[]) => startAgentProgram(["--config", config, ...args], { cwd: lab.folder }).ended;
  expect(await program("audit", "verify")).toMatchObject({
    exitCode: 6,
    stdout: expect.stringContaining(`${log}:2: it is not what was written`),
  });
  expect(await program()).toMatchObject({
    exitCode: 6,
    stderr: expect.stringContaining("audit log cannot be written"),
  });
});

test("a log that was cut at its end verifies by itself, and not against what the lab knows of it", async () => {
  const copy = join(lab.folder, "cut.jsonl");
  const lines = (await readFile(auditOf(lab.agents[0]!), "utf8")).split("\n");
  await writeFile(copy, `${lines.slice(0, 4).join("\n")}\n`);
  expect(await verify(copy)).toMatchObject({ exitCode: 0 });
  expect(await verify(copy, "--agent", "guest1")).toMatchObject({
    exitCode: 6,
    stdout: expect.stringContaining("it ends before entry 5, which the lab's log knows of"),
  });
});

test("an agent that is killed while it arms has begun and never ended, and a torn line is told when it is back", async () => {
  await using fio = await slowFio();
  await using own = await startLab({ agents: [{ fio: fio.path }] });
  const [agent] = own.agents;
  if (!agent) throw new Error("the lab has an agent");
  const study = await own.startStudy({});
  await vi.waitUntil(() => fio.waits, { timeout: 30_000, interval: 10 });
  await agent.kill();
  await study.stop();
  await appendFile(auditOf(agent), '{"seq":2,"at":"2026-');
  const config = join(own.folder, "guest1", "agent.yaml");
  const verifyOwn = () => startAgentProgram(["--config", config, "audit", "verify"], { cwd: own.folder }).ended;
  const cut = await verifyOwn();
  expect(cut).toMatchObject({ exitCode: 6, stdout: expect.stringMatching(/:1: begun and never ended: .*Arm/) });
  expect(cut.stdout).toMatch(/:2: 20 bytes at the end are no whole entry/);
  await agent.restart();
  expect(await verifyOwn()).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/:2: 21 bytes of an entry that a crash cut off/),
  });
});

test("that a run is armed is on the agent's disk before fio is started", async () => {
  const [agent] = lab.agents;
  if (!agent) throw new Error("the lab has an agent");
  const trace = join(lab.folder, "trace");
  const calls = ["-e", "trace=fdatasync,execve", "-y", "-s", "300"];
  const strace = spawn("strace", ["-f", "-p", String(agent.pid), ...calls, "-o", trace], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  await once(strace.stderr, "data"); // it has attached
  const study = await lab.startStudy({});
  await study.ended;
  strace.kill("SIGINT");
  await once(strace, "close");
  const lines = (await readFile(trace, "utf8")).split("\n");
  const synced = lines.findIndex((line) => /fdatasync\(.*audit\.jsonl/.test(line));
  const started = lines.findIndex((line) =>
    /execve\(.*fio.*exec_prerun|execve\(.*fio.*\.fio|execve\(.*fio.*job/.test(line),
  );
  expect(started, lines.filter((line) => line.includes("execve")).join("\n")).toBeGreaterThan(-1);
  expect(synced).toBeGreaterThan(-1);
  expect(synced).toBeLessThan(started);
});

test("two commands at once write one chain", async () => {
  const create = (id: string) => lab.salvo(["token", "create", "--lab", lab.labFile, "--agent", id]);
  const made = await Promise.all(["new1", "new2", "new3"].map(create));
  for (const { exitCode, stderr } of made) expect(exitCode, stderr).toBe(0);
  const copy = join(lab.folder, "copy.jsonl");
  await copyFile(labLog, copy);
  const agents = (await entriesOf(copy)).flatMap(({ what, kind, details }) =>
    what === "token create" && kind === "begin" ? [details["agent"]] : [],
  );
  expect(new Set(agents)).toEqual(new Set(["new1", "new2", "new3"]));
  expect(await verify()).toMatchObject({ exitCode: 0 });
  const secret = made[0]?.stdout.split(".")[1] ?? "";
  expect(secret).not.toBe("");
  expect(await readFile(copy, "utf8")).not.toContain(secret);
});
