import { expect, test } from "vitest";
import { blank, CASES, unknown } from "./cases.fixture.ts";
import { type DiskFacts, known } from "./facts.ts";
import {
  DISK_BYTES,
  factsOf,
  fresh,
  given,
  GIVEN_KEYS,
  GIVEN_LUN,
  identity,
  LABEL,
  LISTED,
  OTHER,
  question,
  TAKE,
  TAKEN,
  USE,
  USE_FRESH,
  USE_GIVEN,
} from "./disk.fixture.ts";
import { findListed } from "./identity.ts";
import { judge, type Question, RULES } from "./judge.ts";
import { type RefusalCode, REFUSAL_CODES } from "./refusal.ts";

const UNKNOWABLE = Object.keys(factsOf()).filter((fact) => fact !== "identity") as (keyof DiskFacts)[]; // its own keys

test("a disk that nothing speaks against may be used; a blank one claimed, one of ours released", () => {
  expect(judge(question())).toEqual([]);
  expect(judge(question({ label: blank }, { purpose: { type: "claim" } }))).toEqual([]);
  expect(judge(question({}, { purpose: { type: "release", claim: LABEL } }))).toEqual([]);
  expect(judge(question({}, { purpose: { ...USE, lab: undefined } }))).toEqual([]);
});

test("a fresh LUN may be taken and used when it is blank, used again whatever workloads have written, over each of its paths", () => {
  expect(judge(fresh({}, { purpose: TAKE }))).toEqual([]);
  expect(judge(fresh())).toEqual([]);
  const used = { ...USE_FRESH, fresh: { ...TAKEN, used: true } };
  expect(judge(fresh({ label: known({ type: "foreign" }) }, { purpose: used }))).toEqual([]);
  expect(judge(fresh({ label: known({ type: "damaged", why: "checksum" }) }, { purpose: used }))).not.toEqual([]);
  const { used: _, ...older } = TAKEN;
  expect(judge(fresh({}, { purpose: { ...USE_FRESH, fresh: older } }))).toEqual([]);
  expect(
    judge(fresh({ label: known({ type: "foreign" }) }, { purpose: { ...USE_FRESH, fresh: older } })),
  ).toMatchObject([{ code: "unknown-content" }]);
  const path = identity({ path: "/dev/sdc", node: "8:32#6" });
  expect(judge(fresh({}, { disks: [OTHER, identity(), path] }))).toEqual([]);
  expect(judge(question({}, { disks: [OTHER, identity(), path] }))).toMatchObject([
    { code: "ambiguous" },
    { code: "ambiguous" },
    { code: "ambiguous" },
  ]);
});

test("a disk that an attacher gave may be taken by one key besides its size, and used again whatever workloads have written", () => {
  expect(judge(given())).toEqual([]);
  for (const key of ["serial", "wwn"] as const)
    expect(judge(given({}, { listed: { sizeBytes: DISK_BYTES, [key]: GIVEN_KEYS[key] } }))).toEqual([]);
  expect(judge(given({}, { purpose: USE_GIVEN }))).toEqual([]);
  const used = { ...USE_GIVEN, fresh: { ...GIVEN_LUN, used: true } };
  expect(judge(given({ label: known({ type: "foreign" }) }, { purpose: used }))).toEqual([]);
});

test("two disks that say the same of themselves are two paths only of a LUN that this host attached itself", () => {
  const own = identity({ target: known(undefined) });
  const twin = { ...own, path: "/dev/sdc", node: "8:32#6" };
  const refusals = judge(given({}, { disks: [OTHER, own, twin] }));
  expect(refusals.map(({ message }) => message)).toEqual([
    "/dev/sdb shares its serial with /dev/sdc",
    "/dev/sdb shares its wwn with /dev/sdc",
  ]);
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

test("a virtio disk, which has a serial number and no WWN, is refused with the way to give it a second key", () => {
  const [found] = judge(question({}, { listed: { sizeBytes: DISK_BYTES, serial: "disk-1" } }));
  expect(found).toMatchObject({
    code: "identity-thin",
    message: `serial disk-1, ${DISK_BYTES} B are too few keys`,
    remedy: expect.stringMatching(/virtio disk has a serial number at most: .*scsi-hd.*wwn=.*bus='scsi'/),
  });
});
