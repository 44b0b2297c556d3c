/** iSCSI and iSER for real, in a virtual lab: two guests run on LUNs that are made for them; and what a run says when the lab breaks. */
import { readdirSync, readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "@salvo/proto/run_pb.ts";
import { Multipath, Transport } from "@salvo/proto/storage_pb.ts";
import { CheckKind, CheckOutcome } from "@salvo/proto/path_pb.ts";
import { loadManifest } from "@salvo/controller/store/manifest.ts";
import type { VlabState } from "@salvo/controller/vlab/state.ts";
import { run } from "@salvo/shared/process/run.ts";
import { expect, vi } from "vitest";
import { type RunLine, ranStudy } from "./lab.ts";
import type { TestProcess } from "./process.ts";
import { here, labsFolder, tracesOf, UP_MS } from "./vlab.ts";

const { path: folder, salvo } = await labsFolder();
const dir = join(folder, "lab");
const labFile = join(dir, "lab.yaml");
const data = join(dir, "data");

/** Emulated on a busy host, an agent may be silent for so long that a run is not complete: then it is tried again. */
const TRIES = 8;
/** What guests with clocks of their own may start apart, besides what is not known of their clocks. */
const START_SLACK_MS = 5;

const LOAD = { pattern: "randread", blockSize: "4KiB", jobs: 1, queueDepth: 2, rateIopsPerJob: 50, ramp: "1s" };

async function writeStudy(name: string, storage: object, duration: string): Promise<string> {
  const file = join(dir, `${name}.yaml`);
  const volume = { kind: "ram", size: "32MiB" };
  const scenarios = [{ name, storage: { target: "target", transport: "iscsi", volume, ...storage } }];
  await writeFile(file, JSON.stringify({ name, scenarios, workloads: [{ name: "4k", ...LOAD, duration }] }));
  return file;
}

const startRun = (study: string, lab = labFile) => salvo("run", study, "--lab", lab, "--data", data, "--json");

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

/** Nothing of any scenario is left on any host. */
async function nothingLeft(): Promise<void> {
  const { stdout, exitCode, stderr } = await salvo("lab", "plan", "--lab", labFile, "--json").ended;
  expect(exitCode, stderr).toBe(0);
  const hosts = stdout
    .split("\n")
    .filter(Boolean)
    .map((line): unknown => JSON.parse(line));
  expect(hosts).toHaveLength(4); // the target's host is an initiator too
  for (const host of hosts) expect(host).toMatchObject({ steps: [] });
}

async function stateOf(): Promise<VlabState> {
  return JSON.parse(await readFile(join(dir, "vlab.json"), "utf8"));
}

async function inGuest(guest: string, command: string): Promise<string> {
  const { stdout, stderr, exitCode } = await salvo("vlab", "shell", guest, "--dir", dir, "--", "sh", "-c", command)
    .ended;
  expect(exitCode, `${command}: ${stdout}${stderr}`).toBe(0);
  return stdout;
}

/** The end of its cable, outside of the guest. */
async function setLink(guest: string, state: "up" | "down"): Promise<void> {
  const { plan } = await stateOf();
  const tap = plan.guests.find(({ id }) => id === guest)?.taps.data ?? "";
  const { exitCode, stderr } = await run("ip", ["-netns", plan.namespace, "link", "set", tap, state]);
  expect(exitCode, stderr).toBe(0);
}

here("the lab is up with two guests", async () => {
  const starting = salvo("vlab", "up", "--dir", dir, "--guests", "2");
  await starting.said(/ready after/, { timeoutMs: UP_MS });
  process.stderr.write(`${/ready after .*/.exec(starting.stderr)?.[0]}\n`);
  expect(await starting.ended).toMatchObject({ exitCode: 0 });
});

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
    `a run over ${name} on LUNs made for it: complete, together, by sessions that were read back; and nothing is left`,
    async () => {
      const study = await writeStudy(name, { transport: name }, "10s");
      const together = ({ startSpreadMs, clockBoundUs }: RunLine) =>
        Number(Object(startSpreadMs).max) <= Number(clockBoundUs) / 1000 + START_SLACK_MS;
      let ran: Ran;
      let tries = 0;
      do ran = await ended(startRun(study));
      while (!(ran.line.verdict === "complete" && together(ran.line)) && ++tries < TRIES);
      const { line, manifest, stderr } = ran;
      process.stderr.write(
        `start spread ${Object(line["startSpreadMs"]).max} ms, clocks known to ${line["clockBoundUs"]} us\n`,
      );
      expect(line, stderr).toMatchObject({ verdict: "complete", participants: 2 });
      expect(together(line), JSON.stringify(line)).toBe(true);

      const { exported = [], attached = [], checks: found = [] } = manifest.spec?.storage ?? {};
      expect(exported).toHaveLength(2);
      expect(attached.map(({ agent }) => agent)).toEqual(["guest1", "guest2"]);
      for (const [index, { luns }] of attached.entries())
        expect(luns).toMatchObject([{ transport, state: "LOGGED_IN", number: index, wwn: exported[index]?.wwn }]);
      for (const guest of ["guest1", "guest2"])
        expect(found.filter(({ from }) => from === guest)).toMatchObject(
          checks.map((kind) => ({ kind, outcome: CheckOutcome.PASSED })),
        );
      await nothingLeft();
    },
  );
