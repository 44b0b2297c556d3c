/**
 * Every text, and every run of bytes, that a caller can send to a host, and what closes it: so that none of them can be a
 * command, a path or of any length. A new field without a line here fails, and so does a line that is no longer true.
 */
import { type DescField, type DescMessage, type DescService, ScalarType } from "@bufbuild/protobuf";
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { ruleOf } from "./fields.ts";

type Closed =
  /** Matched as a whole by the pattern, which allows only so many characters, and none of those that a shell knows. */
  | "pattern"
  /** Any text up to a length, which is only ever kept and shown. */
  | "shown"
  /** Read by a parser of its own, up to a length. */
  | "parsed";

const TEXTS: Readonly<Record<string, Closed>> = {
  "salvo.v1.ArmRequest.run": "pattern",
  "salvo.v1.ArmParticipant.id": "pattern",
  "salvo.v1.ArmParticipant.device": "pattern",
  "salvo.v1.ArmParticipant.device_hash": "pattern",
  "salvo.v1.ArmRequest.plan_hash": "pattern",
  "salvo.v1.FireRequest.plan_hash": "pattern",
  "salvo.v1.Workload.name": "pattern",
  "salvo.v1.Workload.block_size_mix": "parsed",
  "salvo.v1.Workload.distribution": "parsed",
  "salvo.v1.Bus.url": "pattern",
  "salvo.v1.Bus.lab": "pattern",
  "salvo.v1.FireRequest.run": "pattern",
  "salvo.v1.FireRequest.nonce": "pattern",
  "salvo.v1.AbortRequest.run": "pattern",
  "salvo.v1.AbortRequest.reason": "shown",
  "salvo.v1.WatchRequest.run": "pattern",
  "salvo.v1.CollectRequest.run": "pattern",
  "salvo.v1.ReleaseRequest.run": "pattern",
  "salvo.v1.Volume.name": "pattern",
  "salvo.v1.Volume.device": "pattern",
  "salvo.v1.Export.name": "pattern",
  "salvo.v1.Export.initiators": "pattern",
  "salvo.v1.Lun.volume": "pattern",
  "salvo.v1.Portal.address": "pattern",
  "salvo.v1.Chap.user": "pattern",
  "salvo.v1.Chap.secret": "pattern",
  "salvo.v1.Attachment.target": "pattern",
  "salvo.v1.ExpectedLun.wwn": "pattern",
  "salvo.v1.ExpectedLun.serial": "pattern",
  "salvo.v1.ExpectedLun.device": "pattern",
  "salvo.v1.LunGuest.agent": "pattern",
  "salvo.v1.LunGuest.vm": "pattern",
  "salvo.v1.AwaitedDisk.device": "pattern",
  "salvo.v1.AwaitedDisk.attacher": "pattern",
  "salvo.v1.AwaitedDisk.serial": "pattern",
  "salvo.v1.AwaitedDisk.wwn": "pattern",
  "salvo.v1.PathServiceInspectRequest.addresses": "pattern",
  "salvo.v1.PathServicePingRequest.address": "pattern",
  "salvo.v1.PathServiceServeRequest.address": "pattern",
  "salvo.v1.PathServiceMeasureRequest.address": "pattern",
  "salvo.v1.PathServiceMeasureRequest.from": "pattern",
  "salvo.v1.TargetServiceApplyRequest.plan_hash": "pattern",
  "salvo.v1.InitiatorServiceApplyRequest.plan_hash": "pattern",
  "salvo.v1.DiskServiceApplyRequest.plan_hash": "pattern",
  "salvo.v1.VirtualSwitch.name": "pattern",
  "salvo.v1.VirtualSwitch.uplinks": "pattern",
  "salvo.v1.PortGroup.name": "pattern",
  "salvo.v1.VmkernelPort.name": "pattern",
  "salvo.v1.VmkernelPort.address": "pattern",
  "salvo.v1.VmkernelPort.netmask": "pattern",
  "salvo.v1.VmkernelPort.peers": "pattern",
  "salvo.v1.IserAdapter.device": "pattern",
  "salvo.v1.IserAdapter.vmkernel": "pattern",
  "salvo.v1.SoftwareIscsi.vmkernels": "pattern",
  "salvo.v1.DriverBundle.bundle": "pattern",
  "salvo.v1.DriverBundle.sha256": "pattern",
  "salvo.v1.DriverVib.name": "pattern",
  "salvo.v1.DriverVib.version": "pattern",
  "salvo.v1.Datastore.name": "pattern",
  "salvo.v1.Datastore.device": "pattern",
  "salvo.v1.VirtualDisk.datastore": "pattern",
  "salvo.v1.VirtualDisk.name": "pattern",
  "salvo.v1.VirtualDisk.device": "pattern",
  "salvo.v1.VirtualDisk.vm": "pattern",
  "salvo.v1.DeviceTuning.device": "pattern",
  "salvo.v1.OwnedThings.switches": "pattern",
  "salvo.v1.OwnedThings.datastores": "pattern",
  "salvo.v1.OwnedThings.vms": "pattern",
  "salvo.v1.HypervisorServiceApplyRequest.plan_hash": "pattern",
  "salvo.v1.JoinRequest.token_id": "pattern",
  "salvo.v1.JoinRequest.token_secret": "pattern",
  "salvo.v1.JoinRequest.request": "parsed",
  "salvo.v1.InstallCertificateRequest.certificate": "parsed",
};

const MODULES = new URL("../../proto/gen/salvo/v1/", import.meta.url);
const LENGTH_MAX = 100_000;

async function services(): Promise<DescService[]> {
  const names = readdirSync(MODULES).filter((name) => name.endsWith("_pb.ts"));
  const modules: object[] = await Promise.all(names.map((name) => import(new URL(name, MODULES).href)));
  return modules.flatMap((module) => Object.values(module).filter((each) => each?.kind === "service"));
}

function reachable(message: DescMessage, seen = new Set<DescMessage>()): Set<DescMessage> {
  if (seen.has(message)) return seen;
  seen.add(message);
  for (const field of message.fields) if (field.message) reachable(field.message, seen);
  return seen;
}

const all = await services();
const requests = new Set(all.flatMap(({ methods }) => methods.flatMap(({ input }) => [...reachable(input)])));
const fields = [...requests].flatMap((message) => message.fields);
const nameOf = ({ parent, name }: DescField) => `${parent.typeName}.${name}`;
const texts = fields.filter(({ scalar }) => scalar === ScalarType.STRING || scalar === ScalarType.BYTES);

test("every text of every request has its line, and every line its text", () => {
  expect(all.map(({ name }) => name)).toEqual(expect.arrayContaining(["AgentService", "IdentityService"]));
  expect(texts.map(nameOf).toSorted()).toEqual(Object.keys(TEXTS).toSorted());
});

test.for(texts.map((field) => [nameOf(field), field] as const))("%s is closed as its line says", ([name, field]) => {
  const { pattern, max } = ruleOf(field);
  const closed = TEXTS[name];
  expect(pattern !== "").toBe(closed === "pattern");
  if (closed === "pattern" && max === undefined) expect(longest(pattern), "characters").toBeLessThanOrEqual(128);
  else expect(max, "a length").toBeLessThanOrEqual(LENGTH_MAX);
  if (closed !== "pattern") return;
  const whole = new RegExp(`^(?:${pattern})$`, "u");
  for (const hostile of HOSTILE) expect(whole.test(hostile), hostile).toBe(false);
});

test("every list of every request has a greatest length", () => {
  const open = fields.filter((field) => field.fieldKind === "list" && field.message && !ruleOf(field).max);
  expect(open.map(nameOf)).toEqual([]);
  expect(fields.filter(({ fieldKind }) => fieldKind === "map").map(nameOf)).toEqual([]);
});

const HOSTILE = [
  "; touch x",
  "a;touch x",
  "$(touch x)",
  "a$(x)",
  "`x`",
  "a b",
  "a\n",
  "\na",
  "-x",
  "--output=x",
  "../x",
];
HOSTILE.push(
  "/dev/sda",
  "a/b",
  "a|b",
  "a&b",
  "a>b",
  "a'b",
  'a"b',
  "a\\b",
  "a\0b",
  "",
  ".",
  "..",
  "é",
  "a*b",
  "a=b",
  "a{b}",
);

/** What a pattern of characters, groups and {n,m} can match at most; Infinity for any other repetition. */
function longest(pattern: string): number {
  if (/[*+]/.test(pattern.replaceAll(/\[[^\]]*\]|\\./g, ""))) return Infinity;
  const counts = [...pattern.replaceAll(/\[[^\]]*\]/g, "c").matchAll(/c(?:\{(?:\d+,)?(\d+)\})?/g)];
  return counts.reduce((sum, [, count = "1"]) => sum + Number(count), 0);
}
