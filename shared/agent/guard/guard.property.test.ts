/**
 * The whole guard against a host on which anything may happen to disks, in any order. Only one thing is left out, because
 * nobody could tell: a copy of a claimed disk to the last byte, with its identity, in its place.
 */
import type { Device } from "@salvo/proto/lab_pb.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SalvoError } from "../../kernel/error.ts";
import { type Rule, RULES } from "../domain/guard/judge.ts";
import type { OpenDevice } from "../open-device.ts";
import { claimDisk, releaseDisk } from "./claim-disk.ts";
import { openRawDisk } from "./raw-disk.ts";
import { SimulatedHost, SIZE_BYTES, type Thing } from "./host.fixture.ts";

const SEQUENCES = 100_000;
const DISKS = 3;
const COMMANDS_MAX = 24;

interface World {
  readonly host: SimulatedHost;
  readonly rules: readonly Rule[];
  readonly looksAgain: boolean;
  /** The agent's file. */
  devices: Device[];
  readonly armed: Map<string, OpenDevice>;
  readonly seen: Map<string, number>;
  claims: number;
}

type Act = (world: World, one: Thing, two: Thing, device: Device) => Promise<void> | void;

const deps = ({ host, rules }: World) => ({
  rules,
  host: "guest1",
  disks: host.disks,
  claims: host.claims,
  lab: "lab1",
  confirm: async () => true,
});

/** Refused is fine, and counted; anything else is a bug. */
async function attempt(world: World, work: () => Promise<void> | void): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SalvoError) || error.kind !== "refused") throw error;
    for (const [, code = ""] of error.message.matchAll(/\[([a-z-]+)\]/g)) count(world, code);
  }
}

function count({ seen }: World, what: string): void {
  seen.set(what, (seen.get(what) ?? 0) + 1);
}

function end(world: World, name: string): void {
  world.armed.get(name)?.close();
  world.armed.delete(name);
}

const claim: Act = (world, _one, _two, device) =>
  attempt(world, async () => {
    await claimDisk(device, { lab: "lab1", uuid: `uuid-${++world.claims}` }, deps(world));
    count(world, "claimed");
  });

const arm: Act = (world, _one, _two, device) => {
  if (world.armed.has(device.name)) return;
  return attempt(world, async () => {
    world.armed.set(device.name, await openRawDisk(device, deps(world)));
    count(world, "armed");
  });
};

/** What may happen in the last moments, between the two looks and the opening of the gates. */
const fire =
  (meanwhile?: Act): Act =>
  (world, one, two, device) =>
    attempt(world, async () => {
      const opened = world.armed.get(device.name);
      if (!opened) return;
      if (world.looksAgain) opened.recheck();
      await meanwhile?.(world, one, two, device);
      opened.recheckQuickly();
      world.host.write(device, opened.path, opened.reservedBytes);
      count(world, "written");
    });

const replug: Act = ({ host }, one, two) => {
  host.unplug(one);
  host.unplug(two);
  host.plug(two);
  host.plug(one);
};

/** Others respect that the kernel gives a disk to one at a time. */
const byOthers =
  (act: (one: Thing, two: Thing) => void): Act =>
  ({ host }, one, two) => {
    if (host.free(one)) act(one, two);
  };

const ACTS: readonly Act[] = [
  claim,
  claim,
  claim,
  arm,
  arm,
  arm,
  arm,
  fire(),
  fire(),
  fire(replug),
  fire(({ host }, one) => host.unplug(one)),
  (world, _one, _two, { name }) => end(world, name),
  (world, _one, _two, device) => attempt(world, () => releaseDisk(device, deps(world))),
  (world, one) => {
    for (const name of world.armed.keys()) end(world, name);
    world.host.reboot(world.host.things.indexOf(one));
  },
  ({ host }, one) => host.unplug(one),
  ({ host }, one) => host.plug(one),
  replug,
  ({ host }, one, two) => host.exchange(one, two),
  // A target that forgot what it said, or says the same of two.
  (_world, one, two) => void (one.serial = two.serial),
  (_world, one, two) => void (one.wwn = two.wwn),
  (_world, one, two) => void (one.target = two.target),
  (_world, one) => void (one.sizeBytes = one.sizeBytes === SIZE_BYTES ? SIZE_BYTES / 2n : SIZE_BYTES),
  (_world, one) => void (one.readOnly = !one.readOnly),
  (_world, one) => void (one.unreadable = !one.unreadable),
  // dd from one disk to the other.
  byOthers((one, two) => {
    if (one === two) return;
    [one.start, one.signature, one.claim] = [two.start, two.signature, undefined];
  }),
  byOthers((one) => {
    [one.start, one.signature, one.claim] = [{ type: "foreign" }, "ext4", undefined];
  }),
  // A signature that leaves the label as it is, as a backup partition table at the disk's end does.
  byOthers((one) => {
    one.signature = "gpt";
  }),
  byOthers((one) => {
    one.mounted = true;
  }),
  byOthers((one) => {
    one.volume = true;
  }),
  (_world, one) => {
    one.mounted = false;
  },
  (_world, one) => {
    one.volume = false;
  },
  byOthers((one) => {
    [one.start, one.signature, one.claim] = [{ type: "blank" }, undefined, undefined];
  }),
  // Another host claims it.
  byOthers((one) => {
    const label = { uuid: "elsewhere", lab: "lab1", device: "lun0" };
    [one.start, one.claim] = [{ type: "label", label }, undefined];
  }),
  // The owner edits the agent's file, and the agent starts anew.
  (world, one, two) => {
    for (const name of world.armed.keys()) end(world, name);
    world.devices = [world.host.list("lun0", one), world.host.list("lun1", two)];
  },
];

/** Nobody can tell a whole copy from the original: the label of a claim, and every listed key, on another disk. */
function hasWholeCopy({ host, devices }: World): boolean {
  return devices.some(({ name, sizeBytes, disk }) =>
    host.things.some(
      ({ start, claim, ...thing }) =>
        start.type === "label" &&
        start.label.uuid === host.records.get(name)?.uuid &&
        claim?.uuid !== start.label.uuid &&
        disk?.serial === thing.serial &&
        disk.wwn === thing.wwn &&
        disk.lun === thing.target?.lun &&
        sizeBytes === thing.sizeBytes,
    ),
  );
}

async function play(bytes: Uint8Array, seen: Map<string, number>, rules = RULES, looksAgain = true): Promise<World> {
  const host = new SimulatedHost(DISKS);
  const devices = [host.list("lun0", host.things[0]!), host.list("lun1", host.things[1]!)];
  const world: World = { host, rules, looksAgain, devices, armed: new Map(), seen, claims: 0 };
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    const act = ACTS[bytes[at]! % ACTS.length]!;
    const pick = bytes[at + 1]!;
    const thing = (number: number) => host.things[number % DISKS]!;
    await act(world, thing(pick), thing(pick >> 2), world.devices[(pick >> 4) % 2]!);
    if (hasWholeCopy(world)) break;
  }
  return world;
}

const sequences = fc.uint8Array({ minLength: 8, maxLength: 2 * COMMANDS_MAX, size: "max" });
const TIMEOUT = { timeout: 300_000 };

test(`${SEQUENCES} sequences of whatever may happen: nothing is written outside of the plan`, TIMEOUT, async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(sequences, async (bytes) => {
      expect((await play(bytes, seen)).host.wrong).toEqual([]);
    }),
    { numRuns: SEQUENCES },
  );
  for (const what of ["claimed", "armed", "written", "stale", "label-uuid", "label-device", "ambiguous", "busy"])
    expect(seen.get(what) ?? 0, what).toBeGreaterThan(SEQUENCES / 1000);
});

/** Where two rules see the same danger it takes both to be missing. */
const MUTANTS: readonly (readonly string[])[] = [
  ["label"],
  ["claim"],
  ["signatures"],
  ["identity-mismatch"],
  ["mounted", "busy"],
  ["held", "busy"],
  ["size-mismatch", "region"],
];

test("the simulation finds out when a disk is not looked at again before the gates open", TIMEOUT, async () => {
  const property = fc.asyncProperty(sequences, async (bytes) => {
    expect((await play(bytes, new Map(), RULES, false)).host.wrong).toEqual([]);
  });
  expect((await fc.check(property, { numRuns: SEQUENCES, endOnFailure: true })).failed).toBe(true);
});

test.for(MUTANTS)("the simulation finds out when rules are missing: %s %s", TIMEOUT, async (missing) => {
  const rest = RULES.filter(({ name }) => !missing.includes(name));
  expect(rest.length).toBe(RULES.length - missing.length);
  const property = fc.asyncProperty(sequences, async (bytes) => {
    expect((await play(bytes, new Map(), rest)).host.wrong).toEqual([]);
  });
  expect((await fc.check(property, { numRuns: SEQUENCES, endOnFailure: true })).failed).toBe(true);
});
