/** A lab from nothing as a person makes it: init, token, enrol, join, run, revoke; and what others on the host can see of it. */
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { long, quick, startLab } from "./lab.ts";
import { startAgentProgram, startSalvo, type TestProcess } from "./process.ts";

const undo = new AsyncDisposableStack();
afterAll(() => undo.disposeAsync());

let folder: string;
let labFile: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "salvo-e2e-identity-")));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const { stdout } = await salvo(["init", "site", "--name", "site"]).ended;
  labFile = stdout.trim();
  expect(labFile).toBe(join(folder, "site", "lab.yaml"));
});

function salvo(args: readonly string[]): TestProcess {
  return undo.use(startSalvo(args, { cwd: folder }));
}

function agentProgram(args: readonly string[]): TestProcess {
  return undo.use(startAgentProgram(args, { cwd: folder }));
}

async function agentFile(id: string): Promise<string> {
  const file = join(folder, id, "agent.yaml");
  await mkdir(join(folder, id));
  const devices = [{ name: "disk", path: "disk.bin", size: "8MiB" }];
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ id, dataDir: "data", devices }));
  return file;
}

test("a host joins with its token, once, runs, and is asked nothing any more when it is revoked", async () => {
  const config = await agentFile("guest1");
  const early = await agentProgram(["--config", config]).ended;
  expect(early).toMatchObject({ exitCode: 6, stderr: expect.stringContaining("salvo token create") });

  const token = (await salvo(["token", "create", "--lab", labFile, "--agent", "guest1"]).ended).stdout.trim();
  const [, secret = "no secret"] = token.split(".");
  await writeFile(join(folder, "token"), `${token}\n`);
  const enrol = salvo(["enrol", "--lab", labFile, "--listen", "127.0.0.1:0"]);
  const { address: controller }: { address: string } = JSON.parse(await enrol.printed(/^\{.*\}\n/));
  const join1 = ["join", "--controller", controller, "--dir", join(folder, "guest1", "identity")];
  expect(await agentProgram([...join1, "--token-file", join(folder, "token")]).ended).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('"agent":"guest1","lab":"site"'),
  });
  await enrol.printed(/"joined":"guest1"/);
  expect(await readdir(folder)).not.toContain("token");
  expect((await stat(join(folder, "guest1", "identity", "identity.pem"))).mode & 0o777).toBe(0o600);
  const again = await agentProgram([...join1, "--token", token]).ended;
  expect(again).toMatchObject({ exitCode: 6, stderr: expect.stringContaining("was used already") });
  expect(again.stderr + enrol.stdout + enrol.stderr).not.toContain(secret);

  const agent = agentProgram(["--config", config, "--listen", "0.0.0.0:0"]);
  const { address }: { address: string } = JSON.parse(await agent.printed(/^\{.*\}\n/));
  const lab = {
    name: "site",
    agents: [{ id: "guest1", address: address.replace("0.0.0.0", "127.0.0.1"), roles: ["workload"] }],
  };
  await writeFile(labFile, JSON.stringify(lab));
  const participants = [{ agent: "guest1", device: "disk" }];
  const scenarios = [{ name: "local", participants }];
  await writeFile(
    join(folder, "study.yaml"),
    JSON.stringify({ name: "s", interval: "100ms", scenarios, workloads: [quick] }),
  );
  const run = () => salvo(["run", "study.yaml", "--lab", labFile, "--data", "data", "--json"]).ended;
  const { stdout } = await run();
  const [line] = stdout.split("\n");
  const { archive, verdict }: { archive: string; verdict: string } = JSON.parse(line ?? "{}");
  expect(["complete", "degraded"]).toContain(verdict); // a busy machine starts late
  expect(secretsIn(archive, [secret, "PRIVATE KEY"])).toEqual([]);

  expect((await salvo(["agents", "revoke", "guest1", "--lab", labFile]).ended).exitCode).toBe(0);
  const asked = await salvo(["agents", "--lab", labFile]).ended;
  expect(asked).toMatchObject({ exitCode: 6, stdout: expect.stringContaining("agent guest1 was revoked") });
  const next = await salvo(["token", "create", "--lab", labFile, "--agent", "guest1"]).ended;
  expect(next).toMatchObject({ exitCode: 6, stdout: "", stderr: expect.stringContaining("never used again") });
});

test("a lab is made once, and a lab file by another name or without its keys is no lab", async () => {
  expect(await salvo(["init", "site"]).ended).toMatchObject({
    exitCode: 6,
    stderr: expect.stringContaining("already"),
  });
  await mkdir(join(folder, "bare"));
  await writeFile(join(folder, "bare", "lab.yaml"), await readFile(labFile));
  const bare = await salvo(["agents", "--lab", "bare/lab.yaml"]).ended;
  expect(bare).toMatchObject({ exitCode: 6, stderr: expect.stringContaining("salvo init") });
});

test("the command lines of agents, fio and nats-server hold no secret, in mid-run", async () => {
  await using lab = await startLab({ agents: 2 });
  const study = await lab.startStudy({ workloads: [long] });
  for (const agent of lab.agents) await agent.reached("RUNNING");
  const lines = commandLines();
  const own = lines.filter((line) => line.includes(lab.folder));
  for (const program of ["fio", "nats-server", "agent-guest/main.ts", "controller/main.ts"])
    expect(own.filter((line) => line.includes(program)).length, program).toBeGreaterThan(0);
  for (const line of own) expect(line).not.toMatch(/PRIVATE KEY|[\w-]{43}/);
  study.interrupt();
  await study.ended;
  await lab.nothingLeft();
});

/** What `ps` shows to everybody. */
function commandLines(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
      } catch {
        return ""; // it has ended
      }
    });
}

function secretsIn(place: string, secrets: readonly string[]): string[] {
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => secrets.some((secret) => readFileSync(file, "latin1").includes(secret)));
}
