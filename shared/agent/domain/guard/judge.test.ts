import { expect, test } from "vitest";
import { type DiskFacts, known } from "./facts.ts";
import { factsOf, identity, LABEL, LISTED, OTHER, PLAN, question, USE } from "./disk.fixture.ts";
import { deviceHash } from "../plan-hash.ts";
import { findListed } from "./identity.ts";
import { judge, type Question, RULES } from "./judge.ts";
import { type RefusalCode, REFUSAL_CODES } from "./refusal.ts";

const signature = (type: string) => question({ signatures: known([{ type, offset: 1080n }]) });
const blank = known({ type: "blank" } as const);
const labelled = (more: object) => question({ label: known({ type: "label", label: { ...LABEL, ...more } }) });
const unknown = { unknown: "no permission" };
const other = (more: object): Partial<Question> => ({ disks: [identity(), { ...OTHER, ...more }] });

/** A run that was planned for that disk. */
const planned = (...of: Parameters<typeof deviceHash>) =>
  question({}, { purpose: { ...USE, plan: { ...PLAN, deviceHash: deviceHash(...of) } } });

/** What only one rule refuses: without that rule the disk would be written to. */
const CASES: readonly (readonly [code: RefusalCode, rule: string, what: string, asked: Question])[] = [
  [
    "identity-thin",
    "identity-thin",
    "two keys",
    question({}, { listed: { sizeBytes: LISTED.sizeBytes, serial: LISTED.serial } }),
  ],
  ["identity-mismatch", "identity-mismatch", "serial", question({ identity: identity({ serial: known("9f1c2a78") }) })],
  ["identity-mismatch", "identity-mismatch", "no serial", question({ identity: identity({ serial: known("") }) })],
  ["identity-mismatch", "identity-mismatch", "WWN", question({ identity: identity({ wwn: known("naa.5") }) })],
  [
    "identity-mismatch",
    "identity-mismatch",
    "LUN",
    question({ identity: identity({ target: known({ ...LISTED.target!, lun: 4 }) }) }),
  ],
  [
    "identity-mismatch",
    "identity-mismatch",
    "no target",
    question({ identity: identity({ target: known(undefined) }) }),
  ],
  ["cannot-tell", "identity-mismatch", "serial", question({ identity: identity({ serial: unknown }) })],
  ["cannot-tell", "identity-mismatch", "WWN", question({ identity: identity({ wwn: unknown }) })],
  ["cannot-tell", "identity-mismatch", "target", question({ identity: identity({ target: unknown }) })],
  [
    "size-mismatch",
    "size-mismatch",
    "larger",
    question({ identity: identity({ sizeBytes: known(LISTED.sizeBytes + 512n) }) }),
  ],
  ["cannot-tell", "size-mismatch", "size", question({ identity: identity({ sizeBytes: unknown }) })],
  ["ambiguous", "ambiguous", "serial", question({}, other({ serial: known(LISTED.serial) }))],
  ["ambiguous", "ambiguous", "WWN", question({}, other({ wwn: known("eui.6001405a9f1c2a77") }))],
  ["ambiguous", "ambiguous", "LUN", question({}, other({ target: known(LISTED.target) }))],
  ["cannot-tell", "ambiguous", "another's serial", question({}, other({ serial: unknown }))],
  ["multipath", "multipath", "a map", question({ multipath: known(["dm-3"]) })],
  ["mounted", "mounted", "one mount", question({ mounts: known(["/mnt"]) })],
  ["swap", "swap", "swap", question({ swaps: known(["/dev/sdb1"]) })],
  ["system", "system", "root", question({ system: known(["/"]) })],
  ["partitioned", "partitioned", "a partition", question({ partitions: known(["sdb1"]) })],
  ["held", "held", "a volume", question({ holders: known(["dm-0"]) })],
  ["busy", "busy", "held open", question({ exclusive: known(false) })],
  ["read-only", "read-only", "read-only", question({ readOnly: known(true) })],
  ["removable", "removable", "removable", question({ removable: known(true) })],
  ["partition-table", "signatures", "gpt", signature("gpt")],
  ["partition-table", "signatures", "dos", signature("dos")],
  ["lvm", "signatures", "LVM", signature("LVM2_member")],
  ["md-raid", "signatures", "md", signature("linux_raid_member")],
  ["zfs", "signatures", "ZFS", signature("zfs_member")],
  ["ceph", "signatures", "Ceph", signature("ceph_bluestore")],
  ["bcache", "signatures", "bcache", signature("bcache")],
  ["swap-signature", "signatures", "swap", signature("swap")],
  ["multipath", "signatures", "a member", signature("mpath_member")],
  ["signature", "signatures", "ext4", signature("ext4")],
  ["signature", "signatures", "what nobody knows", signature("newfs")],
  ["unknown-content", "label", "data", question({ label: known({ type: "foreign" }) })],
  ["label-missing", "label", "blank", question({ label: blank })],
  ["label-damaged", "label", "damaged", question({ label: known({ type: "damaged", why: "checksum" }) })],
  ["label-device", "label", "device", labelled({ device: "lun1" })],
  ["already-claimed", "label", "claim", question({}, { purpose: { type: "claim" } })],
  [
    "unknown-content",
    "label",
    "claim",
    question({ label: known({ type: "foreign" }) }, { purpose: { type: "claim" } }),
  ],
  ["label-missing", "label", "release", question({ label: blank }, { purpose: { type: "release", claim: LABEL } })],
  ["label-lab", "lab", "the label's", labelled({ lab: "lab2" })],
  ["label-lab", "lab", "the run's", question({}, { purpose: { ...USE, lab: "lab2" } })],
  ["label-uuid", "claim", "uuid", labelled({ uuid: "uuid-2" })],
  ["not-claimed", "claim", "not by us", question({}, { purpose: { ...USE, claim: undefined } })],
  ["not-claimed", "claim", "release", question({}, { purpose: { type: "release", claim: undefined } })],
  [
    "region",
    "region",
    "the label",
    question({}, { purpose: { ...USE, plan: { ...PLAN, firstByte: PLAN.firstByte - 1n } } }),
  ],
  [
    "region",
    "region",
    "past the end",
    question({}, { purpose: { ...USE, plan: { ...PLAN, sizeBytes: PLAN.sizeBytes + 1n } } }),
  ],
  ["region", "region", "nothing", question({}, { purpose: { ...USE, plan: { ...PLAN, sizeBytes: 0n } } })],
  ["plan-hash", "plan-hash", "another label", planned({ name: "lun0", ...LISTED }, { ...LABEL, uuid: "uuid-0" })],
  ["plan-hash", "plan-hash", "another lab", planned({ name: "lun0", ...LISTED }, { ...LABEL, lab: "lab0" })],
  ["plan-hash", "plan-hash", "no label yet", planned({ name: "lun0", ...LISTED }, undefined)],
  ["plan-hash", "plan-hash", "another serial", planned({ name: "lun0", ...LISTED, serial: "9f1c2a78" }, LABEL)],
  ["plan-hash", "plan-hash", "another device", planned({ name: "lun1", ...LISTED }, LABEL)],
  ["stale", "stale", "another attachment", question({ identity: identity({ node: "8:16#6" }) })],
];

const UNKNOWABLE = Object.keys(factsOf()).filter((fact) => fact !== "identity") as (keyof DiskFacts)[]; // its own keys

test("a disk that nothing speaks against may be used; a blank one claimed, one of ours released", () => {
  expect(judge(question())).toEqual([]);
  expect(judge(question({ label: blank }, { purpose: { type: "claim" } }))).toEqual([]);
  expect(judge(question({}, { purpose: { type: "release", claim: LABEL } }))).toEqual([]);
  expect(judge(question({}, { purpose: { ...USE, lab: undefined } }))).toEqual([]);
});

test.for(CASES)("%s, by the rule %s: %s", ([code, , , asked]) => {
  const refusals = judge(asked);
  expect(refusals.map((each) => each.code)).toEqual([code]);
  expect(refusals[0]!.message).toMatch(/\w/);
  expect(refusals[0]!.remedy).toMatch(/\.$/);
});

test.for(UNKNOWABLE)("what cannot be told about %s is a no", (fact) => {
  const refusals = judge(question({ [fact]: unknown }));
  expect(refusals.map(({ code, message }) => [code, message])).toEqual([
    ["cannot-tell", `${fact} could not be found out: no permission`],
  ]);
});

test("every reason against a disk is told, not only the first", () => {
  const codes = judge(question({ mounts: known(["/"]), system: known(["/"]), exclusive: known(false) })).map(
    ({ code }) => code,
  );
  expect(codes).toEqual(["mounted", "system", "busy"]);
});

test.for(RULES)("without the rule $name something would be let through that only it refuses", ({ name }) => {
  const rest = RULES.filter((rule) => rule.name !== name);
  const cases = CASES.filter(([, rule]) => rule === name);
  expect(cases.length).toBeGreaterThan(0);
  for (const [, , what, asked] of cases) expect(judge(asked, rest), what).toEqual([]);
});

test("every code has its case", () => {
  const cases = new Set([...CASES.map(([code]) => code), ...found.map(([code]) => code)]);
  expect(REFUSAL_CODES.filter((code) => !cases.has(code))).toEqual([]);
});

/** Which disk is meant is decided before anything is judged. */
const found: readonly (readonly [code: RefusalCode, disks: Question["disks"]])[] = [
  ["not-found", []],
  ["not-found", [OTHER]],
  ["not-found", [{ ...OTHER, sizeBytes: known(LISTED.sizeBytes) }]],
  ["not-found", [identity({ serial: unknown, wwn: unknown, target: unknown })]],
  ["ambiguous", [identity(), { ...OTHER, serial: known(LISTED.serial!) }]],
  ["ambiguous", [identity({ wwn: known("") }), { ...OTHER, wwn: known(LISTED.wwn!) }]],
];

test.for(found)("%s: which disk is meant", ([code, disks]) => {
  expect(findListed(LISTED, disks)).toMatchObject({ refusal: { code } });
});

test("a disk is found by any of its keys, wherever it is called what", () => {
  const moved = identity({ path: "/dev/sdz", serial: known("worn off") });
  expect(findListed(LISTED, [OTHER, moved])).toEqual({ disk: moved });
});
