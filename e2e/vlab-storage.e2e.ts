/**
 * iSCSI and iSER for real, in a virtual lab: two guests run on LUNs that are made for them, one disk of three sessions, NVMe over
 * TCP; and what a run says when the lab breaks while it is going on.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CheckKind, CheckOutcome } from "@salvo/proto/path_pb.ts";
import type { Manifest } from "@salvo/proto/run_pb.ts";
import { Transport } from "@salvo/proto/storage_pb.ts";
import { loadManifest } from "@salvo/controller/store/manifest.ts";
import { expect, vi } from "vitest";
import { parse, stringify } from "yaml";
import { type RunLine, ranStudy } from "./lab.ts";
import { samplesOf } from "./measured.ts";
import { serverOf } from "./own-nats.ts";
import type { TestProcess } from "./process.ts";
import { here, labsFolder, tracesOf, vlabIn } from "./vlab.ts";

const labs = await labsFolder();
const lab = vlabIn(labs, "lab");

/** Emulated on a busy host, an agent may be silent for so long that a run is not complete: then it is tried again. */
const TRIES = 12;
const TRIES_MS = 1_200_000;
/** What guests with clocks of their own may start apart, besides what is not known of their clocks. */
const START_SLACK_MS = 5;
/** Open-iscsi asks a silent target after 5 s, and gives the connection up after 5 s more. */
const NOTICED_MS = 30_000;

const LOAD = { pattern: "randread", blockSize: "4KiB", jobs: 1, queueDepth: 2, rateIopsPerJob: 50, ramp: "1s" };

/** One scenario, one workload. */
function writeStudy(name: string, duration: string, storage: object = {}): Promise<string> {
  const volume = { kind: "ram", size: "32MiB" };
  const scenarios = [{ name, storage: { target: "target", transport: "iscsi", volume, ...storage } }];
  return lab.write(`${name}.yaml`, { name, scenarios, workloads: [{ name: "4k", ...LOAD, duration }] });
}

interface Ran {
  readonly line: RunLine;
  readonly manifest: Manifest;
  readonly stderr: string;
}

async function ended(started: TestProcess): Promise<Ran> {
  const { runs, stderr } = ranStudy(await started.ended);
  const [line] = runs;
  if (!line) throw new Error(`nothing was run: ${stderr}`);
  process.stderr.write(`${line.scenario}: ${line.verdict}: ${line.reason}\n`);
  return { line, manifest: await loadManifest(line.archive), stderr };
}

/** Again when nothing could be begun: an agent of a busy host may hear of T0 too late. */
async function measured(study: string, labFile?: string): Promise<Ran> {
  let ran: Ran;
  let tries = 0;
  do ran = await ended(lab.startRun(study, labFile));
  while (ran.line.verdict === "aborted" && ++tries < TRIES);
  return ran;
}

/** Everything that could be measured is there. */
function expectKept({ line, stderr }: Ran): void {
  expect(samplesOf(line).missing, stderr).toBe(0);
  expect(line, stderr).toMatchObject({ totals: { iops: expect.any(Number) } });
}

here("the lab is up with two guests, and an agent that gives them disks", () => lab.up(2, "--hypervisor", "kvm"));

const WAYS = [
  { name: "iscsi", transport: Transport.ISCSI, checks: [CheckKind.LINK, CheckKind.MTU] },
  {
    name: "iser",
    transport: Transport.ISER,
    checks: [CheckKind.LINK, CheckKind.MTU, CheckKind.RDMA, CheckKind.RPING, CheckKind.WRITE_BANDWIDTH],
  },
];

for (const { name, transport, checks } of WAYS)
  here(
    `a run over ${name} on LUNs made for it: complete, together, its sessions read back; nothing is left`,
    async () => {
      const study = await writeStudy(name, "10s", { transport: name });
      const all: Ran[] = [];
      do all.push(await ended(lab.startRun(study)));
      while (!(all.some(isComplete) && all.some(startedTogether)) && all.length < TRIES);
      for (const { line } of all)
        process.stderr.write(`start spread ${spreadMs(line)} ms, clocks known to ${boundMs(line)} ms\n`);
      const complete = all.find(isComplete);
      expect(complete?.line, all.at(-1)?.stderr).toMatchObject({ participants: 2 });
      expect(all.some(startedTogether), all.map(({ line }) => JSON.stringify(line)).join("\n")).toBe(true);

      const { exported = [], attached = [], checks: found = [] } = complete?.manifest.spec?.storage ?? {};
      expect(exported).toHaveLength(2);
      expect(attached.map(({ agent }) => agent)).toEqual(["guest1", "guest2"]);
      // Either guest sees the other's LUN as well, by the same session.
      const seen = exported.map(({ number, wwn }) => ({ transport, state: "LOGGED_IN", number, wwn }));
      for (const { luns } of attached) expect(luns).toMatchObject(seen);
      for (const guest of ["guest1", "guest2"])
        expect(found.filter(({ from }) => from === guest)).toMatchObject(
          checks.map((kind) => ({ kind, outcome: CheckOutcome.PASSED })),
        );
      await lab.nothingLeft();
    },
    TRIES_MS,
  );

/** While it runs: commands that the target's LUNs have taken, and sessions of the guest's own. */
async function seenInRun(cli: TestProcess): Promise<{ readonly commands: number; readonly sessions: string }> {
  await cli.said(/running .*tick [3-9]\//, { timeoutMs: 120_000 });
  const counters = "cat /sys/kernel/config/target/iscsi/iqn*/tpgt_1/lun/lun_*/statistics/scsi_tgt_port/in_cmds";
  const commands = (await lab.inGuest("target", counters)).split("\n").map(Number);
  const sessions = await lab.inGuest("guest1", "iscsiadm -m session 2>&1 || true");
  return { commands: Math.min(...commands.filter((each) => each > 0)), sessions };
}

here(
  "a hypervisor attaches: a guest that never logs in runs on a whole LUN that its QEMU gives it; nothing is left",
  async () => {
    const study = await writeStudy("rdm", "10s", { attach: "hypervisor", disk: "rdm", guests: ["guest1"] });
    let ran: Ran;
    let seen: Awaited<ReturnType<typeof seenInRun>> | undefined;
    let tries = 0;
    do {
      const cli = lab.startRun(study);
      seen = (await seenInRun(cli).catch(() => undefined)) ?? seen; // it was aborted before it began
      ran = await ended(cli);
    } while (!isComplete(ran) && ++tries < TRIES);
    expect(ran.line, ran.stderr).toMatchObject({ verdict: "complete", participants: 1 });
    expect(seen?.sessions).toMatch(/No active sessions/);
    // Attaching takes some thirty commands, and the workload asks 50 times a second.
    expect(seen?.commands).toBeGreaterThan(100);
    const { exported = [], attached = [] } = ran.manifest.spec?.storage ?? {};
    expect(attached.map(({ agent, luns }) => [agent, luns.map(({ wwn }) => wwn)])).toEqual([
      ["hypervisor", exported.map(({ wwn }) => wwn)],
    ]);
    expect(ran.manifest.spec?.agents.filter(({ observer }) => observer > 0).map(({ id }) => id)).toEqual([
      "target",
      "hypervisor",
    ]);
    await lab.nothingLeft();
  },
  TRIES_MS,
);

const spreadMs = (line: RunLine) => Number(Object(line["startSpreadMs"]).max);
const boundMs = (line: RunLine) => Number(line["clockBoundUs"]) / 1000;
const isComplete = ({ line }: Ran) => line.verdict === "complete";
const startedTogether = ({ line }: Ran) => spreadMs(line) <= boundMs(line) + START_SLACK_MS;

here(
  "lab apply: iSER with CHAP and three sessions in one disk, and NVMe over TCP; again is nothing; destroy",
  async () => {
    const secret = "open sesame 12";
    const secretFile = "mkdir -pm 700 /scratch/secrets && umask 77 && cat > /scratch/secrets/lab";
    for (const guest of ["target", "guest1"]) await lab.inGuest(guest, `printf '%s' '${secret}' | (${secretFile})`);
    const before = await readFile(lab.labFile, "utf8");
    const { agents, ...others } = parse(before);
    const address = agents.find(({ id }: { id: string }) => id === "target").storageAddresses[0];
    const storage = {
      targets: [
        {
          agent: "target",
          volumes: [
            { name: "a", kind: "ram", size: "32MiB" },
            { name: "b", kind: "file", size: "32MiB", thin: true, sector: "4KiB" },
          ],
          exports: [
            {
              name: "fast",
              transport: "iser",
              portals: [{ address }],
              luns: [{ volume: "a" }],
              chap: { user: "guest1", secret: "lab" },
              queueDepth: 32,
            },
            {
              name: "nvme",
              transport: "nvme-tcp",
              portals: [{ address, port: 4420 }],
              luns: [{ number: 1, volume: "b" }],
            },
          ],
        },
      ],
      attachments: [
        { agent: "guest1", target: "target", export: "fast", sessions: 3, multipath: "round-robin" },
        { agent: "guest1", target: "target", export: "nvme" },
      ],
    };
    await writeFile(lab.labFile, stringify({ ...others, agents, storage }));
    try {
      const tooEarly = await lab.startRun(await writeStudy("early", "10s")).ended;
      expect(tooEarly).toMatchObject({ exitCode: 6, stderr: expect.stringContaining("salvo lab apply") });
      const apply = await labs.salvo("lab", "apply", "--lab", lab.labFile, "--yes").ended;
      expect(apply.exitCode, apply.stderr).toBe(0);
      expect(apply.stderr).not.toContain(secret);
      await lab.nothingToDo();

      const seen = await lab.inGuest("guest1", "iscsiadm -m session; lsblk -o NAME,TYPE,SIZE,LOG-SEC; dmsetup table");
      expect(seen.match(/^iser: \[\d+\]/gm), seen).toHaveLength(3);
      expect(seen).toMatch(/nvme\d+n1 .*32M +4096/);
      expect(seen).toMatch(/multipath .*round-robin/);
    } finally {
      const destroy = await labs.salvo("lab", "destroy", "--lab", lab.labFile, "--yes").ended;
      await writeFile(lab.labFile, before);
      expect(destroy.exitCode, destroy.stderr).toBe(0);
    }
    expect(
      await lab.inGuest("guest1", "lsblk -dno NAME | grep -vE 'vda|loop'; iscsiadm -m session 2>&1 || true"),
    ).toMatch(/^iscsiadm: No active sessions\.?\s*$/);
    await lab.nothingLeft();
  },
);

here(
  "Ctrl-C while storage is made, and a controller that is killed in mid-run: what was made is taken away",
  async () => {
    const stopped = lab.startRun(await writeStudy("stopped", "10s"));
    await stopped.said(/attaching guest1, guest2/, { timeoutMs: 120_000 });
    stopped.interrupt();
    expect((await stopped.ended).exitCode).toBe(130);
    await lab.nothingLeft();

    const killed = lab.startRun(await writeStudy("gone", "10s"));
    await killed.said(/running .*tick [3-9]\//, { timeoutMs: 120_000 });
    killed.kill("SIGKILL");
    await killed.ended;
    const resumed = await labs.salvo("resume", "--lab", lab.labFile, "--data", join(lab.dir, "data")).ended;
    expect([0, 3], resumed.stderr).toContain(resumed.exitCode);
    await lab.nothingLeft();
  },
);

/** Until a session of the guest is no longer what it should be. */
async function untilLost(guest: string): Promise<void> {
  const states = () => lab.inGuest(guest, "cat /sys/class/iscsi_session/*/state");
  await vi.waitFor(async () => expect(await states()).not.toMatch(/^(LOGGED_IN\n)+$/), { timeout: NOTICED_MS });
}

here("the link of a guest is cut in mid-run and restored: the verdict names the session", async () => {
  const cli = lab.startRun(await writeStudy("link", "40s"));
  await cli.said(/running .*tick [3-9]\//, { timeoutMs: 120_000 });
  await lab.setLink("guest1", "down");
  try {
    await untilLost("guest1");
  } finally {
    await lab.setLink("guest1", "up");
  }
  const ran = await ended(cli);
  expect(ran.line.verdict, ran.stderr).toBe("degraded");
  expect(ran.line.reason).toMatch(
    /a session to the storage was lost in mid-run: guest1\.lun1: session\d+ to \S+ is \S+ at tick \d+/,
  );
  expect(ran.line.reason).not.toMatch(/guest2\.lun1: session/);
  expectKept(ran);
  await lab.nothingLeft();
});

here("the target's portal is removed in mid-run and restored: the verdict names both sessions", async () => {
  const group = "cd /sys/kernel/config/target/iscsi/iqn*/tpgt_1";
  const cli = lab.startRun(await writeStudy("portal", "40s"));
  await cli.said(/running .*tick [3-9]\//, { timeoutMs: 120_000 });
  // Removed alone, it keeps new sessions out; those that there are end with their group.
  const portal = (await lab.inGuest("target", `${group} && ls np && echo 0 > enable && rmdir np/*`)).trim();
  try {
    await untilLost("guest1");
  } finally {
    await lab.inGuest("target", `${group} && mkdir np/${portal} && echo 1 > enable`);
  }
  const ran = await ended(cli);
  expect(ran.line.verdict, ran.stderr).toBe("degraded");
  for (const guest of ["guest1", "guest2"])
    expect(ran.line.reason).toMatch(new RegExp(`lost in mid-run: .*${guest}\\.lun1: session\\d+ to \\S+ is`));
  expectKept(ran);
  await lab.nothingLeft();
});

here("NATS is killed in mid-run: nothing is lost", async () => {
  const cli = lab.startRun(await writeStudy("nats", "10s"));
  await cli.said(/running .*tick [3-9]\//, { timeoutMs: 120_000 });
  process.kill(serverOf(cli.pid), "SIGKILL");
  const ran = await ended(cli);
  expect(["complete", "degraded"], ran.stderr).toContain(ran.line.verdict);
  expect(ran.stderr).toMatch(/starts its NATS server again/);
  expectKept(ran);
});

here("a guest's clock is set by an hour in mid-run: it is said, and the start is proven without it", async () => {
  const cli = lab.startRun(await writeStudy("clock", "20s"));
  await cli.said(/running .*tick [3-9]\//, { timeoutMs: 120_000 });
  await lab.inGuest("guest2", "date -s '+1 hour'");
  const ran = await ended(cli);
  expect(["complete", "degraded"], ran.stderr).toContain(ran.line.verdict);
  expect(ran.manifest.notes.join("\n")).toMatch(/the wall clock of guest2\.lun1's host was set in mid-run/);
  expectKept(ran);
});

here("a guest is killed in mid-run: the other goes on, what it measured is kept, and it runs again", async () => {
  const { agents, ...others } = parse(await readFile(lab.labFile, "utf8"));
  const going = agents.map((agent: object) => ({ ...agent, onLoss: "continue" }));
  const file = await lab.write("going-on.yaml", { ...others, agents: going });
  const cli = lab.startRun(await writeStudy("killed", "10s"), file);
  await cli.said(/running .*tick [3-9]\//, { timeoutMs: 120_000 });
  process.kill((await lab.state()).processes["guest2"]?.pid ?? 0, "SIGKILL");
  const killed = await ended(cli);
  // The guest may come back with records that the controller does not have.
  expect(killed.line.verdict, killed.stderr).toBe("incomplete");
  expect(killed.line.reason).toMatch(/^guest2 may hold records that are not here/);
  expect(killed.manifest.summary?.warnings.join("\n")).toMatch(/lost in mid-run: guest2/);
  expect(killed.line).toMatchObject({ totals: { iops: expect.any(Number) } });

  const next = await measured(await writeStudy("next", "10s", { guests: ["guest1"] }), file);
  expect(["complete", "degraded"], next.stderr).toContain(next.line.verdict);
  expectKept(next);
});

here("the lab goes, and leaves nothing", async () => {
  const { exitCode, stderr } = await labs.salvo("vlab", "down", "--dir", lab.dir).ended;
  expect(exitCode, stderr).toBe(0);
  expect(await tracesOf(lab.dir)).toEqual([]);
});
