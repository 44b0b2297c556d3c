import { create } from "@bufbuild/protobuf";
import { type LabAgent, LabAgentSchema, Role } from "@salvo/proto/lab_pb.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fioNote, type HostFacts, parseFacts } from "./facts.ts";
import { agentFile, checkHost, describeStep, hasToJoin, planSteps } from "./plan.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const bundle = { file: "b", bytes: 44 << 20, sha256: "s", version: "0.2.0", folder: "0.2.0-new" };
const agent: LabAgent = create(LabAgentSchema, { id: "guest1", address: "g1.lab:7400", roles: [Role.WORKLOAD] });

const BARE = parseFacts(
  "system=Linux x86_64\nuid=0\nsystemd=yes\ncurrent=\nrunning=\nunit=other\nfio=\npackage=dnf\nfree=9000000\n",
);
const UP: HostFacts = {
  ...BARE,
  current: bundle.folder,
  running: bundle.folder,
  installed: [bundle.folder],
  unit: "same",
  config: "id: guest1\nlisten: 0.0.0.0:7400\ndataDir: data\nidentityDir: /var/lib/salvo/identity\n",
};

function steps(facts: HostFacts, { joins = false } = {}): string[] {
  return planSteps(facts, { bundle, file: agentFile(agent, facts, undefined), joins }).map((step) => step.do);
}

test("a bare host gets everything, one that is as it should be nothing", () => {
  expect(steps(BARE, { joins: true })).toEqual(["copy", "config", "join", "activate"]);
  expect(steps(UP)).toEqual([]);
});

test.for<readonly [string, Partial<HostFacts>, readonly string[]]>([
  ["an older program", { current: "0.1.0-old", running: "0.1.0-old", installed: ["0.1.0-old"] }, ["copy", "activate"]],
  ["a program that was copied and never started", { current: "", running: "" }, ["activate"]],
  ["an agent that does not run", { running: "" }, ["activate"]],
  ["an agent that still runs the former program", { running: "0.1.0-old" }, ["activate"]],
  ["a unit that somebody changed or disabled", { unit: "other" }, ["activate"]],
  ["an agent's file that was changed since", { configIsNewer: true }, ["activate"]],
  ["no agent's file", { config: undefined }, ["config", "activate"]],
])("%s: only what is missing is done", ([, change, wanted]) => {
  expect(steps({ ...UP, ...change })).toEqual(wanted);
});

test("a new certificate is of use only to an agent that starts with it", () => {
  expect(steps(UP, { joins: true })).toEqual(["join", "activate"]);
});

test.for<readonly [string, Partial<HostFacts>, string]>([
  ["another system", { system: "Linux aarch64" }, "Linux aarch64"],
  ["a user who is not root", { root: false }, "admin is not root"],
  ["no tar", { missing: ["tar"] }, "has no tar"],
  ["a full disk", { freeBytes: 100 << 20 }, "100 MiB are free on /opt, and 264 MiB are needed"],
])("%s is refused before anything is done", ([, change, message]) => {
  expect(() => checkHost({ ...BARE, ...change }, "admin", bundle)).toThrow(message);
  expect(() => checkHost(BARE, "root", bundle)).not.toThrow();
});

test("the agent's file is the host's own, else the lab's, else one without any device", () => {
  const lab = { path: "agents/guest1.yaml", text: "id: guest1\nlisten: 0.0.0.0:7400\ndataDir: /data\n" };
  expect(agentFile(agent, UP, lab).text).toBe(UP.config);
  expect(agentFile(agent, BARE, lab).config.dataDir).toBe("/data");
  expect(agentFile(agent, BARE, undefined).config).toMatchObject({
    id: "guest1",
    listen: "0.0.0.0:7400",
    dataDir: "/var/lib/salvo/agent",
    identityDir: "/var/lib/salvo/identity",
    devices: [],
  });
  const six = create(LabAgentSchema, { ...agent, address: "[fd00::1]:7400" });
  expect(agentFile(six, BARE, undefined).config.listen).toBe("[::]:7400");
  expect(agentFile(agent, UP, undefined).config.dataDir).toBe("/etc/salvo/data");
});

test("a file that only deploy wrote follows the one beside the lab file; one that its owner changed stays", () => {
  const own = { path: "agents/guest1.yaml", text: `${UP.config}# corrected\n` };
  const planned = (configIsDeploys: boolean) => {
    const facts = { ...UP, configIsDeploys };
    return planSteps(facts, { bundle, file: agentFile(agent, facts, own), joins: false });
  };
  expect(planned(true)).toEqual([
    { do: "config", text: own.text },
    { do: "activate", former: bundle.folder },
  ]);
  expect(planned(false)).toEqual([]);
});

test("an agent that would listen where the lab cannot reach it is refused, with the line that helps", () => {
  const own = { path: "agents/guest1.yaml", text: "id: guest1\ndataDir: /data\n" };
  expect(() => agentFile(agent, BARE, own)).toThrow(
    expect.objectContaining({
      kind: "refused",
      file: "agents/guest1.yaml",
      message: "the agent would listen on 127.0.0.1:7400, which the controller cannot reach",
      remedy: 'Write: listen: "0.0.0.0:7400". Without the key an agent listens on 127.0.0.1:7400',
    }),
  );
  const tunnel = create(LabAgentSchema, { ...agent, address: "localhost:17400" });
  expect(agentFile(tunnel, BARE, own).config.listen).toBe("127.0.0.1:7400");
});

test("a host that is another agent's stays that", () => {
  const other = { ...UP, config: "id: guest2\ndataDir: data\n" };
  expect(() => agentFile(agent, other, undefined)).toThrow("the host has agent guest2 already");
});

let folder: string;
let lab: TestLab;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-plan-"));
  lab = await testLab(folder, "bench");
});
afterAll(() => rm(folder, { recursive: true }));

test("a host joins unless it has a certificate that will do", async () => {
  const certificate = async (...args: Parameters<TestLab["issue"]>) => (await lab.issue(...args)).certificate;
  const joins = (text: string, name = "bench") => hasToJoin(text, agent, name, lab.authority.ca, Date.now());
  expect(joins("")).toBe(true);
  expect(joins(await certificate("guest1"))).toBe(false);
  expect(joins(await certificate("guest2"))).toBe(true);
  expect(joins(await certificate("guest1", { nowMs: Date.now() - 2 * DAY_MS }))).toBe(true);
  expect(joins(await certificate("guest1", { roles: ["target"] }))).toBe(true);
  const mine = await certificate("guest1");
  expect(() => joins(mine, "other")).toThrow("the host belongs to the lab bench");
  const twin = await testLab(join(folder, "twin"), "bench");
  expect(joins((await twin.issue("guest1")).certificate)).toBe(true);
});

test("steps are told in words, with what is stopped for them", () => {
  const line = describeStep({ do: "activate", former: "0.1.0-old" }, { bundle, systemd: true });
  expect(line).toBe("stop 0.1.0-old, point /opt/salvo/current to 0.2.0-new and start it as salvo-agent.service");
});

test("facts are read from lines, and nothing from what is not one", () => {
  const text =
    "noise\nsystem=Linux x86_64\nuid=1000\nmissing=tar\nmissing=gzip\ninstalled=a\nconfig=aWQ6IGE=\nconfig-is=newer\nconfig-by=deploy\nfio-in=/var/x\nfree=2\n";
  expect(parseFacts(text)).toMatchObject({
    missing: ["tar", "gzip"],
    installed: ["a"],
    config: "id: a",
    configIsNewer: true,
    configIsDeploys: true,
    fioIn: ["/var/x"],
    freeBytes: 2048,
    root: false,
    systemd: false,
  });
  expect(fioNote(BARE)).toBe("fio is missing: dnf install fio");
  expect(fioNote({ ...BARE, fio: "fio-3.33" })).toBeUndefined();
});

test.for([
  ["system=Linux x86_64\nuid=0\nfree=\n", 'df on the host printed ""'],
  ["system= \nuid=0\nfree=1\n", 'uname on the host printed " "'],
  ["system=Linux x86_64\nfree=1\n", 'id -u on the host printed ""'],
] as const)("a program of the host that prints nothing is named, and no fact is made of it: %j", ([text, message]) => {
  expect(() => parseFacts(text)).toThrow(message);
});
