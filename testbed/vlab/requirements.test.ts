import { expect, test } from "vitest";
import { type Host, missingFor } from "./requirements.ts";

const able: Host = {
  machine: "linux x64",
  isRoot: true,
  has: async () => true,
  canUse: async () => true,
  canRead: async () => true,
  freeMib: () => 4096,
};
/** Files that are there, whatever they are. */
const kernel = { image: "/proc/version", initramfs: "/proc/version", modules: "/proc" };

test("a host that has everything lacks nothing", async () => {
  expect(await missingFor(able, 4096, { kernel })).toEqual([]);
});

test.for<readonly [string, Partial<Host>, RegExp]>([
  ["another processor", { machine: "linux arm64" }, /x86_64 only.*arm64/],
  ["an ordinary user", { isRoot: false }, /root is needed.*sudo/],
  ["no tun", { canUse: async () => false }, /\/dev\/net\/tun is missing.*modprobe tun/],
  [
    "no QEMU",
    { has: async (program) => !program.startsWith("qemu") },
    /qemu-system-x86_64 is missing.*scripts\/setup vlab/,
  ],
  ["little memory", { freeMib: () => 4095 }, /need 4096 MiB.*4095 MiB are free.*--memory/],
  ["no fio", { has: async (program) => program !== "fio" }, /fio is missing/],
])("%s: what is missing, and what to type", async ([, host, expected]) => {
  expect(await missingFor({ ...able, ...host }, 4096, { kernel })).toEqual([expect.stringMatching(expected)]);
});

test("QEMU's own initiator is needed where there is to be a hypervisor, and only there", async () => {
  const without: Host = { ...able, canRead: async () => false };
  expect(await missingFor(without, 4096, { kernel })).toEqual([]);
  expect(await missingFor(without, 4096, { kernel, hypervisor: true })).toEqual([
    expect.stringMatching(/QEMU's own initiator is missing.*scripts\/setup vlab/),
  ]);
});

test("without the guests' kernel: that, once", async () => {
  const missing = await missingFor(able, 4096, {
    kernel: { image: "/nowhere/1", initramfs: "/nowhere/2", modules: "/nowhere/3" },
  });
  expect(missing).toEqual([expect.stringMatching(/kernel is missing.*scripts\/setup vlab/)]);
});

test("everything that is missing is told at once", async () => {
  expect(await missingFor({ ...able, isRoot: false, has: async () => false }, 4096, { kernel })).toHaveLength(8);
});
