/** Every program that an agent starts in its whole life, seen by strace, is on a list; whatever it is told by a caller. */
import { readdirSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, sep } from "node:path";
import { RunPhase } from "@salvo/proto/agent_pb.ts";
import { create } from "@bufbuild/protobuf";
import { Engine, Pattern, WorkloadSchema } from "@salvo/proto/workload_pb.ts";
import { planHash } from "@salvo/shared/agent/domain/plan-hash.ts";
import { openChannels } from "@salvo/controller/service/channels.ts";
import { afterAll, expect, test } from "vitest";
import { type Exec, notAllowed, parseExecs } from "./execs.ts";
import { long, quick, startLab } from "./lab.ts";
import { openLoops } from "./loops.ts";
import { AGENT, startAgentProgram } from "./process.ts";

const undo = new AsyncDisposableStack();
afterAll(() => undo.disposeAsync());

/** The shell would make files of these names; `X` stands for a path of the test's own. */
const HOSTILE = [
  "; touch X",
  "a;touch X",
  "$(touch X)",
  "`touch X`",
  "a\ntouch X",
  "a\n[global]\nexec_prerun=touch X\n",
  "a && touch X",
  "a b",
  "-x",
  "--output=X",
  "../../X",
  "X",
  "a".repeat(100_000),
];

const WORKLOAD = create(WorkloadSchema, {
  name: "w",
  pattern: Pattern.RANDREAD,
  blockSizeBytes: 4096n,
  jobs: 1,
  queueDepth: 1,
  durationMs: 1_000,
  engine: Engine.NULL,
});

/** With hashes that fit, as whoever has the controller's key can count them. */
function armRequest(change: { run?: string; participants?: { id: string; device: string }[] }, known: Hashes): object {
  const { run = "hostile", participants = [{ id: "p1", device: "disk1" }] } = change;
  const plan = {
    run,
    workload: WORKLOAD,
    intervalMs: 500,
    ...change,
    participants: participants.map((each) => ({ ...each, deviceHash: known[each.device] ?? "0".repeat(64) })),
  };
  return { ...plan, planHash: planHash(plan) };
}

type Hashes = Readonly<Record<string, string>>;

/** One field after the other of all that a caller can write a text into. */
const FIELDS: Readonly<Record<string, (text: string) => object>> = {
  "the run": (run) => ({ run }),
  "the participant": (id) => ({ participants: [{ id, device: "disk1" }] }),
  "the device": (device) => ({ participants: [{ id: "p1", device }] }),
  "the workload": (name) => ({ workload: { ...WORKLOAD, name } }),
  "the address of NATS": (url) => ({ bus: { url, lab: "bench" } }),
  "the lab": (lab) => ({ bus: { url: "nats://127.0.0.1:1", lab } }),
};

test("nothing is started that is not on the list, and no text of a caller ever reaches a shell", async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "salvo-execve-")));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const pwned = join(folder, "pwned");
  const execs = join(folder, "execs");
  const dataDir = join(folder, `data of "ours", that's $(touch pwned); touch pwned`);
  const everything = () => readdir(folder, { recursive: true });
  /** The data folder has such a name by itself, and nothing in it may have. */
  const isPwned = (path: string) =>
    path.split(sep).some((part) => part !== basename(dataDir) && part.includes("pwned"));
  const file = (name: string) => ({ name, size: "8MiB", path: join(folder, `${name} at its place`) });
  const absent = { name: "absent", size: "8MiB", disk: { serial: "none-1", wwn: "naa.600140500000000f" } };
  await using lab = await startLab({ agents: [{ devices: [file("disk1"), file("disk2"), absent], dataDir, execs }] });
  const [agent] = lab.agents;
  expect(agent).toBeDefined();
  if (!agent) return;

  const scenarios = [{ name: "two", participants: ["disk1", "disk2"].map((device) => ({ agent: agent.id, device })) }];
  const { runs } = await lab.runStudy({ workloads: [quick], scenarios });
  expect(["complete", "degraded"], JSON.stringify(runs[0])).toContain(runs[0]?.verdict); // a busy machine starts late
  const aborted = await lab.startStudy({ workloads: [long], scenarios });
  await agent.reached("RUNNING");
  aborted.interrupt();
  expect((await aborted.ended).exitCode).not.toBe(0);
  expect((await lab.salvo(["agents", "--lab", lab.labFile])).exitCode).toBe(0);

  using channels = openChannels(lab.identities);
  const client = channels.client({ id: agent.id, address: agent.address, roles: ["workload"] });
  const wait = { deadlineMs: 20_000 };
  const { agent: described } = await client.describe({}, wait);
  const request = (change: object) => armRequest(change, described?.deviceHashes ?? {});
  for (const device of ["absent", "sda"])
    await expect(client.arm(request({ participants: [{ id: "p1", device }] }), wait)).rejects.toMatchObject({
      kind: expect.stringMatching(/^(refused|program-failed)$/),
    });
  for (const [field, change] of Object.entries(FIELDS)) {
    for (const text of HOSTILE.map((each) => each.replace("X", pwned)))
      await expect(client.arm(request(change(text)), wait), `${field}: ${text}`).rejects.toMatchObject({
        kind: "invalid-input",
      });
  }
  // What may be any text is only kept and shown.
  await client.arm(request({ run: "reasons" }), wait);
  const reason = HOSTILE.slice(0, 6).join("\n").replaceAll("X", pwned);
  const { status } = await client.abort({ run: "reasons", reason }, wait);
  expect(status).toMatchObject({ phase: RunPhase.ENDED, reason });
  // Where fio was at work, before that is taken away.
  const all = await everything();
  expect(all.some((path) => path.startsWith(join(basename(dataDir), "runs", "reasons")))).toBe(true);
  expect(all.filter(isPwned)).toEqual([]);
  await client.release({ run: "reasons" }, wait);

  await agent.kill("SIGTERM");
  const found = parseExecs(await readFile(execs, "utf8"));
  const place = { dataDir, main: AGENT, disks: disks() };
  expect(notAllowed(found, place)).toEqual([]);
  // All of this was really seen, and nothing that was told became a file.
  expect(count(found, /fio$/, /job\.fio$/)).toBe(4 + 1);
  expect(count(found, /\/sh$/, /^exec 3<gate/)).toBeGreaterThanOrEqual(5);
  expect((await everything()).filter(isPwned)).toEqual([]);
});

test("joining starts nothing at all, and the list of disks only asks wipefs and blkid about each", async () => {
  await using loops = await openLoops();
  const bystander = await loops.add("bystander");
  const folder = await realpath(await mkdtemp(join(tmpdir(), "salvo-execve-")));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  await using lab = await startLab({ agents: [{}] });
  const [agent] = lab.agents;
  const token = (await lab.salvo(["token", "create", "--lab", lab.labFile, "--agent", "guest9"])).stdout.trim();
  const enrol = lab.start(["enrol", "--lab", lab.labFile, "--listen", "127.0.0.1:0"]);
  const { address }: { address: string } = JSON.parse(await enrol.printed(/^\{.*\}\n/));
  const dir = join(folder, "identity of; touch pwned");
  await mkdir(join(folder, "at"));
  const joined = await traced(folder, ["join", "--controller", address, "--dir", dir, "--token", token]);
  expect(joined).toHaveLength(1);
  enrol.kill("SIGKILL");

  const config = join(agent?.dataDir ?? "", "..", "agent.yaml");
  const listed = await traced(folder, ["devices", "list", "--config", config]);
  expect(notAllowed(listed, { dataDir: "-", main: AGENT, disks: disks() })).toEqual([]);
  for (const program of [/wipefs$/, /blkid$/])
    expect(count(listed, program, new RegExp(`^${bystander.path}$`))).toBe(1);
});

/** What the program of an agent starts for a command that ends well. */
async function traced(folder: string, args: readonly string[]): Promise<readonly Exec[]> {
  const execs = join(folder, `execs of ${args[0]}`);
  await using program = startAgentProgram(args, { cwd: folder, execs });
  expect(await program.ended).toMatchObject({ exitCode: 0, stderr: "" });
  return parseExecs(await readFile(execs, "utf8"));
}

/** How many programs were started with such a last argument. */
function count(execs: readonly Exec[], program: RegExp, last: RegExp): number {
  return execs.filter((exec) => program.test(exec.program) && last.test(exec.argv.at(-1) ?? "")).length;
}

function disks(): string[] {
  return readdirSync("/sys/block");
}

const PLACE = { dataDir: "/data", main: AGENT, disks: ["loop0"] };
const JOB = "/data/runs/r1/guest1.disk1/job.fio";
const GATE = "exec 3<gate && echo . >ready && ! read _ <&3 && [ -e go ]";
const SETPRIV = ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--"];

test.for<readonly [program: string, ...argv: string[]]>([
  ["/bin/sh", "sh", "-c", "touch pwned"],
  ["/bin/sh", "sh", "-c", `${GATE} && touch pwned > job.prerun.txt 2>&1`],
  ["/bin/sh", "sh", "-c", `${GATE} > /etc/passwd 2>&1`],
  ["/bin/bash", "sh", "-c", `${GATE} > job.prerun.txt 2>&1`],
  ["/tmp/fio", "/tmp/fio", "--version"],
  ["/usr/bin/fio", "/usr/bin/fio", "--output-format=json+", "--eta=never", "/data/../job.fio"],
  ["/usr/bin/fio", "/usr/bin/fio", "--output-format=json+", "--eta=never", "--server", JOB],
  ["/usr/bin/fio", "/usr/bin/fio", "--output-format=json+", "--eta=never", `${JOB}\n`],
  ["/usr/bin/fio", "/usr/bin/fio", JOB],
  ["/usr/bin/setpriv", ...SETPRIV, "/bin/sh", "-c", "touch pwned"],
  ["/usr/bin/setpriv", "/usr/bin/setpriv", "--reuid=0", "--", "/usr/bin/fio", "--version"],
  ["/usr/sbin/wipefs", "/usr/sbin/wipefs", "--all", "/dev/loop0"],
  ["/usr/sbin/wipefs", "/usr/sbin/wipefs", "--no-act", "--json", "/dev/loop1"],
  ["/usr/sbin/blkid", "/usr/sbin/blkid", "--garbage-collect"],
  ["/usr/sbin/blkid", "/usr/sbin/blkid", "--probe", "--offset", "1048576", "--output", "export", "/dev/loop1"],
  ["/bin/sh", "/bin/sh", "-c", "hostname -f 2>/dev/null"], // well before it serves, not now
])("the list has no place for %s", ([program, ...argv]) => {
  const serving = { program: "/usr/bin/setpriv", argv: [...SETPRIV, "/usr/bin/fio", "--version"] };
  expect(notAllowed([serving], PLACE)).toEqual([]);
  expect(notAllowed([serving, { program, argv }], PLACE)).toHaveLength(1);
});

test("strace's words are read as they were meant, and what is cut or strange is not passed over", () => {
  const line = String.raw`12 execve("/bin/sh", ["sh", "-c", "a \"b\"\n\303\251"], 0x7ffd /* 3 vars */) = -1 ENOENT (No such)`;
  expect(parseExecs(line)).toEqual([{ program: "/bin/sh", argv: ["sh", "-c", 'a "b"\né'] }]);
  for (const odd of [
    '12 execve("/bin/sh", ["sh", "-c"...], 0x7 /* 3 vars */) = 0',
    '12 execveat(3, "", ["a"], 0x7) = 0',
  ])
    expect(() => parseExecs(odd)).toThrow("unknown form");
});
