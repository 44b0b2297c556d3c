import type { DiskCounters } from "@salvo/shared/agent/domain/counters.ts";
import { systemClock } from "@salvo/shared/kernel/time.ts";
import { expect, test } from "vitest";
import type { CountedDisk } from "./disk-counters.ts";
import { type HostCounters, windowsSampler } from "./sampler.ts";

const counters: DiskCounters = {
  reads: 1,
  readBytes: 4096,
  writes: 0,
  writtenBytes: 0,
  inFlight: 0,
  busyMs: 1,
  readMs: 1,
  writeMs: 0,
  queueMs: 1,
};

/** A host with a disk under D:, another one, and nothing that is known of what is under E:. */
function host() {
  const open = new Set<string>();
  const disk = (name: string): CountedDisk => {
    open.add(name);
    return { name, read: () => counters, [Symbol.dispose]: () => void open.delete(name) };
  };
  const asked: HostCounters = {
    readCores: () => [],
    openInterfaces: () => () => [],
    diskUnder: (path) => (path.startsWith("D:") ? disk("PhysicalDrive1") : undefined),
    allDisks: () => [disk("PhysicalDrive0"), disk("PhysicalDrive1")],
  };
  return { open, sampler: windowsSampler(asked) };
}

const sampled = (...paths: readonly string[]) => ({
  participants: paths.map((path, index) => ({ id: `p${index}`, path })),
  intervalMs: 100,
  clock: systemClock,
});

test("a participant has the samples of the disk under its file, and none where that is not known", async () => {
  const { open, sampler } = host();
  const sampling = await sampler.open(sampled("D:\\a", "E:\\b"), {});
  expect(sampling.disks.map(({ participant, name }) => ({ participant, name }))).toEqual([
    { participant: "p0", name: "PhysicalDrive1" },
  ]);
  expect(sampling.disks[0]?.read()?.value).toEqual(counters);
  expect([...open]).toEqual(["PhysicalDrive1"]);
  sampling[Symbol.dispose]();
  expect([...open]).toEqual([]);
});

test("an observer has all disks of its host", async () => {
  const { sampler } = host();
  using sampling = await sampler.open(sampled(), {});
  expect(sampling.disks.map(({ participant, name }) => participant + name)).toEqual([
    "PhysicalDrive0",
    "PhysicalDrive1",
  ]);
});

test("when the interfaces cannot be listed, no disk stays open", async () => {
  const { open, sampler: _ } = host();
  const failing = windowsSampler({
    readCores: () => [],
    openInterfaces() {
      throw new Error("no interfaces");
    },
    diskUnder: () => undefined,
    allDisks: () => [{ name: "PhysicalDrive0", read: () => counters, [Symbol.dispose]: () => void open.delete("x") }],
  });
  open.add("x");
  await expect(failing.open(sampled(), {})).rejects.toThrow("no interfaces");
  expect([...open]).toEqual([]);
});
