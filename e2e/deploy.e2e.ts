/** Agents on hosts of their own, each with a real SSH server: put there, used, upgraded, kept from harm, taken away. */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeBundle } from "@salvo/controller/deploy/bundle.ts";
import { quick } from "./lab.ts";
import { type Ended, startSalvo, type TestProcess } from "./process.ts";
import { type SshHost, startSshHost } from "./ssh-host.ts";

const undo = new AsyncDisposableStack();
afterAll(() => undo.disposeAsync());

let folder: string;
let labFile: string;
let bundle: string;
let hosts: SshHost[];
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "salvo-e2e-deploy-")));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "key")]);
  const key = await readFile(join(folder, "key.pub"), "utf8");
  await writeFile(join(folder, "sftp"), corruptingSftp(), { mode: 0o755 });
  hosts = [];
  for (const number of [1, 2, 3]) {
    const place = join(folder, `host${number}`);
    const users = { root: key, plain: key };
    const sftp = number === 3 ? { sftp: join(folder, "sftp") } : {};
    hosts.push(undo.use(await startSshHost({ folder: place, number, users, ...sftp })));
  }
  bundle = (await makeBundle()).file;
  labFile = (await salvo("init", "lab", "--name", "lab")).stdout.trim();
  await mkdir(join(folder, "lab", "agents"));
  for (const id of ["guest1", "guest2"]) await writeFile(join(folder, "lab", "agents", `${id}.yaml`), agentFile(id));
}, 120_000);

function start(...args: readonly string[]): TestProcess {
  return undo.use(startSalvo(args, { cwd: folder }));
}

function salvo(...args: readonly string[]): Promise<Ended> {
  return start(...args).ended;
}

interface SshShape {
  readonly hostKey?: string;
  readonly user?: string;
}

/** Host n has agent guestn; with no pin where `ssh` says so. */
async function writeLab(ssh: Readonly<Record<number, SshShape>> = {}): Promise<void> {
  const agents = hosts.map(({ address, hostKey }, index) => ({
    id: `guest${index + 1}`,
    address: `${address}:7400`,
    roles: ["workload"],
    ssh: { hostKey, keyFile: "../key", ...ssh[index + 1] },
  }));
  await writeFile(labFile, JSON.stringify({ name: "lab", host: hosts[0]?.gateway, agents }));
}

function agentFile(id: string): string {
  const devices = [{ name: "disk", path: "/var/tmp/disk.bin", size: "8MiB" }];
  const dirs = { dataDir: "/var/lib/salvo/agent", identityDir: "/var/lib/salvo/identity" };
  return `${JSON.stringify({ id, listen: "0.0.0.0:7400", ...dirs, devices })}\n`;
}

interface Row {
  readonly agent: string;
  readonly result: string;
  readonly program: string;
  readonly notes: readonly string[];
  readonly problem: string;
}

async function deploy(...args: readonly string[]): Promise<{ rows: Row[]; exitCode: number | null; stderr: string }> {
  const given = args.includes("--bundle") ? args : [...args, "--bundle", bundle];
  const { stdout, stderr, exitCode } = await salvo("deploy", "--lab", labFile, "--json", ...given);
  const rows = stdout
    .split("\n")
    .filter(Boolean)
    .map((line): Row => JSON.parse(line));
  return { rows, exitCode, stderr };
}

function host(number: number): SshHost {
  const found = hosts[number - 1];
  if (!found) throw new Error(`there is no host ${number}`);
  return found;
}

/** A bundle with something else in it. */
async function archive(version: string, fill: (place: string) => Promise<void>): Promise<string> {
  const place = await mkdtemp(join(folder, "archive-"));
  await fill(place);
  const file = join(folder, basename(bundle).replace("0.1.0", version));
  execFileSync("sh", ["-c", 'tar -c -C "$1" . | gzip -1 >"$2"', "sh", place, file]);
  await rm(place, { recursive: true });
  return file;
}

async function newer(place: string): Promise<void> {
  execFileSync("tar", ["-xzf", bundle, "-C", place]);
  const program = join(place, "salvo-agent-guest.mjs");
  await writeFile(program, (await readFile(program, "utf8")).replaceAll('version:"0.1.0"', 'version:"0.1.1"'));
}

async function broken(place: string): Promise<void> {
  for (const name of ["node", "salvo-agent-guest"])
    await writeFile(join(place, name), "#!/bin/sh\necho broken by a test >&2\nexit 1\n", { mode: 0o755 });
}

test("a host whose key is not pinned is sent nothing, and the refusal has the line that pins it", async () => {
  await writeLab({ 1: { hostKey: "" } });
  const { rows, exitCode } = await deploy("guest1");
  expect(exitCode).toBe(6);
  expect(rows).toMatchObject([{ result: "refused", problem: expect.stringContaining(`hostKey: ${host(1).hostKey}`) }]);
  await writeLab({ 1: { hostKey: `SHA256:${"A".repeat(43)}` } });
  expect((await deploy("guest1")).rows).toMatchObject([
    { result: "refused", problem: expect.stringContaining("IS NOT THE HOST IT SHOULD BE") },
  ]);
  expect(await host(1).traces()).toEqual([]);
});

test("what would be done is told, and nothing is", async () => {
  await writeLab();
  const { rows, stderr } = await deploy("--plan", "guest1", "guest2");
  expect(rows.map(({ result }) => result)).toEqual(["planned", "planned"]);
  expect(stderr).toMatch(/guest1: copy .*\n(.*\n)*guest1: join .*\n(.*\n)*guest1: point /);
  for (const each of [host(1), host(2)]) expect(await each.traces()).toEqual([]);
});

test("two agents are put on two hosts, run a study together, and a second time nothing is done", async () => {
  const first = await deploy("guest1", "guest2");
  expect(first.rows).toMatchObject([
    { agent: "guest1", result: "installed", program: expect.stringMatching(/^0\.1\.0-[0-9a-f]{12}$/) },
    { agent: "guest2", result: "installed" },
  ]);
  expect(first.exitCode).toBe(0);
  expect(host(1).sh("stat -c %a /var/lib/salvo/identity/identity.pem; ls /run /var/tmp")).toMatch(/^600\n/);
  expect(host(1).sh("ls /run /var/tmp")).not.toMatch(/token|salvo-deploy/);

  const participants = ["guest1", "guest2"].map((agent) => ({ agent, device: "disk" }));
  const workloads = [{ ...quick, engine: "null" }];
  const study = { name: "s", interval: "100ms", scenarios: [{ name: "both", participants }], workloads };
  await writeFile(join(folder, "study.yaml"), JSON.stringify(study));
  const ran = await salvo("run", "study.yaml", "--lab", labFile, "--data", "data", "--json");
  expect(ran.stdout, ran.stderr).toMatch(/"verdict":"(complete|degraded)"/); // a busy machine starts late

  const pid = host(1).sh("cat /run/salvo-agent.pid");
  const again = await deploy("guest1", "guest2");
  expect(again.rows.map(({ result }) => result)).toEqual(["unchanged", "unchanged"]);
  expect(host(1).sh("cat /run/salvo-agent.pid")).toBe(pid);
});

test("the host's own file stays as it was changed there, is told of, and the agent starts anew with it", async () => {
  host(2).sh("echo '# ours' >>/etc/salvo/agent.yaml");
  const { rows } = await deploy("guest2");
  expect(rows).toMatchObject([{ result: "restarted" }]);
  expect(rows[0]?.notes.join()).toContain("differs from");
  expect(host(2).sh("tail -n 1 /etc/salvo/agent.yaml")).toBe("# ours\n");
});

test("a corrected file beside the lab file reaches the host, until its owner has changed it there", async () => {
  const file = join(folder, "lab", "agents", "guest1.yaml");
  await writeFile(file, `${agentFile("guest1")}# corrected\n`);
  const { rows } = await deploy("guest1");
  expect(rows).toMatchObject([{ result: "restarted" }]);
  expect(host(1).sh("tail -n 1 /etc/salvo/agent.yaml")).toBe("# corrected\n");

  await writeFile(file, JSON.stringify({ id: "guest1", dataDir: "/var/lib/salvo/agent" }));
  host(1).sh("rm /opt/salvo/agent.yaml.sha256 /etc/salvo/agent.yaml");
  const pid = host(1).sh("cat /run/salvo-agent.pid");
  const refused = await deploy("guest1");
  expect(refused.rows).toMatchObject([
    { result: "refused", problem: expect.stringContaining('Write: listen: "0.0.0.0:7400"') },
  ]);
  expect(host(1).sh("cat /run/salvo-agent.pid; ls /etc/salvo")).toBe(pid);
  await writeFile(file, `${agentFile("guest1")}# corrected\n`);
});

test("an upgrade keeps the identity; a program that does not come up makes room for the former one", async () => {
  const identity = host(1).sh("sha256sum /var/lib/salvo/identity/identity.pem");
  const next = await archive("0.1.1", newer);
  const { rows } = await deploy("guest1", "--bundle", next);
  expect(rows).toMatchObject([{ result: "upgraded", program: expect.stringMatching(/^0\.1\.1-/) }]);
  expect(host(1).sh("sha256sum /var/lib/salvo/identity/identity.pem")).toBe(identity);

  const failed = await deploy("guest1", "--bundle", await archive("0.1.2", broken));
  expect(failed.exitCode).toBe(6);
  expect(failed.rows[0]?.problem).toMatch(/broken by a test.*0\.1\.1-[0-9a-f]{12} is in use again/s);
  expect(host(1).sh("readlink /opt/salvo/current")).toMatch(/^0\.1\.1-/);
  const { stdout } = await salvo("agents", "--lab", labFile, "--json");
  expect(stdout).toMatch(/"id":"guest1".*"reachable":true.*"version":"0\.1\.1"/);
});

test("an agent at a run is left alone, and its run goes on", async () => {
  const workloads = [{ ...quick, engine: "null", duration: "30s" }];
  const scenarios = [{ name: "one", participants: [{ agent: "guest2", device: "disk" }] }];
  await writeFile(join(folder, "long.yaml"), JSON.stringify({ name: "l", interval: "1s", scenarios, workloads }));
  const run = start("run", "long.yaml", "--lab", labFile, "--data", "data", "--json");
  await run.said(/running/);
  for (const args of [["--bundle", join(folder, basename(bundle).replace("0.1.0", "0.1.1"))], ["--remove"]]) {
    const { rows } = await deploy("guest2", ...args);
    expect(rows).toMatchObject([{ result: "refused", problem: expect.stringContaining("is at run") }]);
  }
  run.interrupt();
  expect((await run.ended).stdout).toContain('"verdict":"aborted"');
});

test("a host's trouble is its own: a wrong user, one who is not root, a damaged copy, a host that is down", async () => {
  await writeLab({ 1: { user: "stranger" }, 2: { user: "plain" } });
  const { rows, exitCode } = await deploy();
  expect(exitCode).toBe(6);
  expect(rows).toMatchObject([
    { agent: "guest1", result: "refused", problem: expect.stringContaining("authorized_keys of stranger") },
    { agent: "guest2", result: "refused", problem: expect.stringContaining("cannot become root") },
    { agent: "guest3", result: "failed", problem: expect.stringContaining("arrived damaged") },
  ]);
  expect(host(3).sh("ls -A /opt/salvo /var/tmp")).toBe("/opt/salvo:\n\n/var/tmp:\n");
  await host(3).stop();
  await writeLab();
  expect(await deploy("guest3", "guest2")).toMatchObject({
    exitCode: 6,
    rows: [
      { agent: "guest2", result: "unchanged" },
      { agent: "guest3", result: "failed", problem: expect.stringContaining(`${host(3).address}:22`) },
    ],
  });
});

test("what taking an agent away would leave is told before, and an agent that was started by hand ends too", async () => {
  host(1).sh("mkdir -p /var/lib/salvo/agent/claims && echo '{}' >/var/lib/salvo/agent/claims/lun0.json");
  host(1).sh("cp /bin/sleep /opt/salvo/current/by-hand");
  host(1).sh("/opt/salvo/current/by-hand 600 </dev/null >/dev/null 2>&1 & echo $! >/run/by-hand");
  const planned = await deploy("guest1", "--remove", "--plan");
  const notes = planned.rows[0]?.notes.join("\n") ?? "";
  expect(notes).toMatch(/would keep .*claimed the disks lun0;.*devices release NAME/);
  expect(notes).toContain("would keep /var/lib/salvo/agent/audit.jsonl");
  expect(host(1).sh("ls -d /opt/salvo")).toBe("/opt/salvo\n");

  const removed = await deploy("guest1", "--remove");
  expect(removed.rows).toMatchObject([{ result: "removed" }]);
  // The program that the note names is gone by now.
  expect(removed.rows[0]?.notes.join("\n")).toMatch(/claimed the disks lun0;.*deploy the agent again and release each/);
  host(1).sh("rm -r /var/lib/salvo/agent/claims");
  expect(host(1).sh("[ -d /proc/$(cat /run/by-hand) ] || echo ended; rm /run/by-hand")).toBe("ended\n");
  expect((await deploy("guest1")).rows).toMatchObject([{ result: "installed" }]);
});

test("agents are taken away but for their audit logs and a file that its owner changed; the lab's log has it all", async () => {
  const { rows } = await deploy("guest1", "guest2", "--remove");
  expect(rows.map(({ result }) => result)).toEqual(["removed", "removed"]);
  const audits = ["var/lib/salvo", "var/lib/salvo/agent", "var/lib/salvo/agent/audit.jsonl"];
  expect(await host(1).traces()).toEqual(audits);
  expect(rows[1]?.notes.join()).toContain("kept /etc/salvo/agent.yaml");
  expect(await host(2).traces()).toEqual(["etc/salvo", "etc/salvo/agent.yaml", ...audits]);
  for (const each of [host(1), host(2)]) expect(each.sh("ls /var/tmp/disk.bin; ps ax")).not.toContain("/opt/salvo");
  const audit = await readFile(join(folder, "lab", "audit.jsonl"), "utf8");
  expect(audit).toMatch(/"kind":"end".*"what":"deploy remove".*"result":"ok"/);
  expect((await deploy("guest1", "--remove")).rows).toMatchObject([{ result: "unchanged" }]);
});

/** Turns one bit of what it is sent, a million bytes on. */
function corruptingSftp(): string {
  const flip =
    'let n = 0; process.stdin.on("data", (c) => { const at = 1e6 - n; if (at >= 0 && at < c.length) c[at] ^= 1; n += c.length; process.stdout.write(c); });';
  return `#!/bin/sh\n'${process.execPath}' -e '${flip}' | /usr/lib/openssh/sftp-server\n`;
}
