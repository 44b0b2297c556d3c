import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseSignatures } from "./signatures.ts";
import { blockNumber, numbersOf, parseMounts, parseSwaps } from "./use.ts";

test("mounts are read with their spaces, and with any number of optional fields", () => {
  const text = [
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
    String.raw`40 22 8:17 / /mnt/my\040disk rw shared:2 master:3 - xfs /dev/sdb1 rw`,
    "41 22 0:45 / /data rw - btrfs /dev/sdc rw",
    "42 22 0:5 / /proc rw - proc none rw",
  ].join("\n");
  expect(parseMounts(`${text}\n`)).toEqual([
    { id: "22", number: "8:1", at: "/", type: "ext4", source: "/dev/sda1" },
    { id: "40", number: "8:17", at: "/mnt/my disk", type: "xfs", source: "/dev/sdb1" },
    { id: "41", number: "0:45", at: "/data", type: "btrfs", source: "/dev/sdc" },
    { id: "42", number: "0:5", at: "/proc", type: "proc", source: "none" },
  ]);
  expect(parseMounts(readFileSync("/proc/self/mountinfo", "utf8")).map(({ at }) => at)).toContain("/");
});

test("the device behind a file system without one of its own is found by its source", () => {
  expect(numbersOf({ number: "0:45", source: "/dev/none" })).toEqual(["0:45"]);
  expect(numbersOf({ number: "0:45", source: "overlay" })).toEqual(["0:45"]);
  expect(blockNumber("/dev/null")).toBeUndefined();
});

test("swaps are files and devices", () => {
  const head = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
  expect(parseSwaps(head)).toEqual([]);
  expect(parseSwaps(`${head}/dev/sdb2                               partition\t16380\t0\t-2\n`)).toEqual(["/dev/sdb2"]);
});

test("wipefs prints nothing, or a list", () => {
  expect(parseSignatures("")).toEqual([]);
  const one = { device: "sdb", offset: "0x438", type: "ext4", uuid: "u", label: null };
  expect(parseSignatures(JSON.stringify({ signatures: [one] }))).toEqual([{ type: "ext4", offset: 1080n }]);
});

test.for([
  ["a mount", () => parseMounts("22 1 8:1\n")],
  ["swaps", () => parseSwaps("nonsense\n")],
  ["no list", () => parseSignatures("{}")],
  ["no JSON", () => parseSignatures("ext4")],
  ["no type", () => parseSignatures('{"signatures":[{"offset":"0x0"}]}')],
] as const)("what has another form is not guessed at: %s", ([, parse]) => {
  expect(parse).toThrow(/\w/);
});
