/**
 * The whole guard against a host on which anything may happen to disks, in any order. Only one thing is left out, because
 * nobody could tell: a copy of a claimed disk to the last byte, with its identity, in its place.
 */
import type { Device } from "@salvo/proto/lab_pb.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SalvoError } from "../../kernel/error.ts";
import { type Rule, RULES } from "../domain/guard/judge.ts";
import type { Label } from "../domain/guard/facts.ts";
import { hashOfDevice, type OpenDevice } from "../devices.ts";
import { deviceHash } from "../domain/plan-hash.ts";
import { claimDisk, releaseDisk } from "./claim-disk.ts";
import { listedDisk } from "./examine.ts";
import { openFreshLun, takeLun } from "./fresh-disk.ts";
import { openRawDisk } from "./raw-disk.ts";
import { SimulatedHost, SIZE_BYTES, TARGETS, type Thing } from "./host.fixture.ts";

const SEQUENCES = Number(process.env["SALVO_SEEDS"] ?? 100_000);
const DISKS = 3;
const COMMANDS_MAX = 24;

interface World {
  readonly host: SimulatedHost;
  readonly rules: readonly Rule[];
  readonly looksAgain: boolean;
  /** Whatever is on a LUN that was taken passes for a workload's. */
  readonly trustsTaken: boolean;
  /** The agent's file. */
  devices: Device[];
  readonly armed: Map<string, OpenDevice & { readonly planned: Plan }>;
  /** What the controller planned with: what this agent said last of its devices. */
  readonly plans: Map<string, Plan>;
  readonly seen: Map<string, number>;
  claims: number;
}

const FRESH = "fresh0";

/** A hash tells nobody what it is of; the claim is for judging afterwards. */
interface Plan {
  readonly hash: string;
  readonly claim: Label | undefined;
}

type Act = (world: World, one: Thing, two: Thing, device: Device) => Promise<void> | void;

const deps = ({ host, rules }: World) => ({
  rules,
  host: "guest1",
  disks: host.disks,
  claims: host.claims,
  lab: "lab1",
  confirm: async () => true,
  targets: TARGETS,
  freshLuns: host.freshLuns,
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

const describe: Act = async ({ host, plans }, _one, _two, device) => {
  const hash = await hashOfDevice(device, host.claims);
  plans.set(device.name, { hash, claim: host.records.get(device.name) });
};

const arm: Act = async (world, _one, _two, device) => {
  const planned = world.plans.get(device.name);
  if (!planned || world.armed.has(device.name)) return;
  await attempt(world, async () => {
    const opened = await openRawDisk(device, { ...deps(world), deviceHash: planned.hash });
    world.armed.set(device.name, { ...opened, planned });
    count(world, "armed");
  });
};

const describeAndArm: Act = async (...what) => {
  await describe(...what);
  await arm(...what);
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
      world.host.write(device, opened.path, opened.reservedBytes, opened.planned.claim);
      count(world, "written");
    });

/** A scenario is set up: the disk is known as a fresh LUN from now on. */
const take: Act = (world, one) =>
  attempt(world, async () => {
    const { host } = world;
    const disk = host.disks.identify().find(({ path }) => path === host.pathOf(one));
    if (!disk || world.armed.has(FRESH)) return;
    const uuid = `uuid-${++world.claims}`;
    const isBlank = one.start.type === "blank" && one.signature === undefined;
    await takeLun(host.list(FRESH, one), disk, { lab: "lab1", uuid }, deps(world));
    if (!isBlank) host.wrong.push(`${one.serial} was taken, which is not blank`);
    [one.taken, one.lent] = [uuid, false];
    count(world, "taken");
  });

const armFresh: Act = async (world) => {
  const taken = world.host.fresh.get(FRESH);
  if (!taken || world.armed.has(FRESH)) return;
  const { device } = taken;
  const fresh = world.trustsTaken ? { ...taken.fresh, used: true } : taken.fresh;
  const thing = world.host.things.find((each) => each.taken === fresh.uuid);
  if (thing && thing.theirs && !thing.lent && thing.signature === undefined) count(world, "plain data, to be armed");
  const hash = deviceHash({ name: FRESH, ...listedDisk(device) }, fresh);
  await attempt(world, async () => {
    const opened = await openFreshLun(device, fresh, { ...deps(world), deviceHash: hash });
    world.armed.set(FRESH, { ...opened, planned: { hash, claim: fresh } });
    count(world, thing?.start.type === "foreign" ? "armed, fresh, written before" : "armed, fresh");
    if (thing) thing.lent = true;
  });
};

const takeAndArm: Act = async (...what) => {
  await take(...what);
  await armFresh(...what);
};

const fireFresh =
  (meanwhile?: Act): Act =>
  (world, one, two, device) =>
    attempt(world, async () => {
      const [opened, taken] = [world.armed.get(FRESH), world.host.fresh.get(FRESH)];
      if (!opened || !taken) return;
      if (world.looksAgain) opened.recheck();
      await meanwhile?.(world, one, two, device);
      opened.recheckQuickly();
      world.host.writeFresh(taken, opened.path);
      count(world, "written, fresh");
    });

const replug: Act = ({ host }, one, two) => {
  host.unplug(one);
  host.unplug(two);
  host.plug(two);
  host.plug(one);
};

/** Others respect that the kernel gives a disk to one at a time. */
const byOthers =
  (act: (one: Thing, two: Thing, world: World) => void): Act =>
  (world, one, two) => {
    if (world.host.free(one)) act(one, two, world);
  };

/** Released, and claimed anew: the same disk for everybody who does not look at whose it is. */
const claimAnew: Act = async (world, one, two, device) => {
  end(world, device.name);
  await attempt(world, () => releaseDisk(device, deps(world)));
  await claim(world, one, two, device);
};

const ACTS: readonly Act[] = [
  claim,
  claim,
  claim,
  describe,
  arm,
  arm,
  describeAndArm,
  describeAndArm,
  describeAndArm,
  claimAnew,
  fire(),
  fire(),
  fire(replug),
  fire(({ host }, one) => host.unplug(one)),
  take,
  takeAndArm,
  takeAndArm,
  armFresh,
  fireFresh(),
  fireFresh(replug),
  (world) => end(world, FRESH),
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
  byOthers((one, two, { host }) => {
    if (one !== two) host.overwrite(one, two.start, two.signature);
  }),
  byOthers((one, _two, { host }) => host.overwrite(one, { type: "foreign" }, "ext4")),
  // A database without a file system: nothing that libblkid knows.
  byOthers((one, _two, world) => {
    world.host.overwrite(one, { type: "foreign" }, undefined);
    if (one.taken !== undefined && one.theirs) count(world, "plain data, on a LUN that was taken");
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
  byOthers((one) => {
    one.writer = true;
  }),
  (_world, one) => {
    one.writer = false;
  },
  (_world, one) => {
    one.mounted = false;
  },
  (_world, one) => {
    one.volume = false;
  },
  byOthers((one, _two, { host }) => host.overwrite(one, { type: "blank" }, undefined)),
  // Another host claims it.
  byOthers((one, _two, { host }) => {
    const label = { uuid: "elsewhere", lab: "lab1", device: "lun0" };
    host.overwrite(one, { type: "label", label }, one.signature);
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

/** A claimed disk, before something happened and after it. */
interface Sight extends Pick<Thing, "serial" | "sizeBytes"> {
  readonly path: string | undefined;
  /** Another disk says the same of itself. */
  readonly twin: boolean;
}

/** What must not only be possible, but come to pass: to disks that are claimed, and to those that a run has armed. */
const HAZARDS: Readonly<Record<string, (was: Sight, is: Sight) => boolean>> = {
  renumbered: (was, is) => moved(was, is) && was.serial === is.serial,
  "exchanged behind its LUN": (was, is) => moved(was, is) && was.serial !== is.serial,
  "said twice": (was, is) => !was.twin && is.twin,
  "pulled out": (was, is) => was.path !== undefined && is.path === undefined,
  resized: (was, is) => was.sizeBytes !== is.sizeBytes,
};

function moved(was: Sight, is: Sight): boolean {
  return was.path !== undefined && is.path !== undefined && was.path !== is.path;
}

/** Counts what the act did to each claimed disk. */
async function watched(world: World, act: () => Promise<void> | void): Promise<void> {
  const { host, armed } = world;
  const claimed = host.things.filter(({ claim }) => claim !== undefined);
  const isArmed = claimed.map(({ claim }) =>
    [...armed.values()].some(({ planned }) => planned.claim?.uuid === claim?.uuid),
  );
  const before = claimed.map((thing) => sight(host, thing));
  await act();
  for (const [index, thing] of claimed.entries()) {
    const after = sight(host, thing);
    for (const [name, happened] of Object.entries(HAZARDS))
      if (happened(before[index]!, after)) count(world, isArmed[index] ? `${name}, armed` : name);
  }
}

function sight(host: SimulatedHost, thing: Thing): Sight {
  const { serial, wwn, target, sizeBytes } = thing;
  const twin = host.things.some(
    (other) => other !== thing && (other.serial === serial || other.wwn === wwn || other.target === target),
  );
  return { serial, sizeBytes, path: host.pathOf(thing), twin };
}

/** What is left out of the guard, for a test of the tests. */
type Without = Partial<Pick<World, "rules" | "looksAgain" | "trustsTaken">>;

async function play(bytes: Uint8Array, seen: Map<string, number>, without: Without = {}): Promise<World> {
  const host = new SimulatedHost(DISKS);
  const devices = [host.list("lun0", host.things[0]!), host.list("lun1", host.things[1]!)];
  const whole = { rules: RULES, looksAgain: true, trustsTaken: false };
  const state = { host, devices, armed: new Map(), plans: new Map(), seen, claims: 0 };
  const world: World = { ...whole, ...without, ...state };
  // Half of the hosts are at work already, or most sequences would end before anything was written.
  if (bytes[0]! % 2 === 0) for (const device of devices) await claim(world, host.things[0]!, host.things[1]!, device);
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    const act = ACTS[bytes[at]! % ACTS.length]!;
    const pick = bytes[at + 1]!;
    const thing = (number: number) => host.things[number % DISKS]!;
    await watched(world, () => act(world, thing(pick), thing(pick >> 2), world.devices[(pick >> 4) % 2]!));
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
  const kinds = Object.keys(HAZARDS).flatMap((name) => [name, `${name}, armed`]);
  const told = [
    "claimed",
    "armed",
    "written",
    "taken",
    "armed, fresh",
    "written, fresh",
    "armed, fresh, written before",
  ];
  told.push("plain data, on a LUN that was taken", "plain data, to be armed", "unknown-content", "open-elsewhere");
  told.push("foreign-target", "plan-hash", "stale", "label-uuid", "label-device", "ambiguous", "busy");
  process.stdout.write(
    `${SEQUENCES} sequences: ${[...kinds, ...told].map((what) => `${seen.get(what) ?? 0} ${what}`).join("; ")}\n`,
  );
  for (const what of [...kinds, ...told]) expect(seen.get(what) ?? 0, what).toBeGreaterThan(SEQUENCES / 1000);
});

/** Where two rules see the same danger it takes both to be missing. */
const MUTANTS: readonly (readonly string[])[] = [
  ["label"],
  ["claim", "plan-hash"],
  ["plan-hash"],
  ["signatures"],
  ["identity-mismatch"],
  ["mounted", "busy"],
  ["held", "busy"],
  ["size-mismatch", "region"],
  ["open-elsewhere"],
  ["foreign-target"],
];

async function isFoundOut(without: Without): Promise<boolean> {
  const property = fc.asyncProperty(sequences, async (bytes) => {
    expect((await play(bytes, new Map(), without)).host.wrong).toEqual([]);
  });
  return (await fc.check(property, { numRuns: SEQUENCES, endOnFailure: true })).failed;
}

test("the simulation finds out when a disk is not looked at again before the gates open", TIMEOUT, async () => {
  expect(await isFoundOut({ looksAgain: false })).toBe(true);
});

test("the simulation finds out when a fresh LUN need not be blank at its first run", TIMEOUT, async () => {
  expect(await isFoundOut({ trustsTaken: true })).toBe(true);
});

test.for(MUTANTS)("the simulation finds out when rules are missing: %s %s", TIMEOUT, async (missing) => {
  const rest = RULES.filter(({ name }) => !missing.includes(name));
  expect(rest.length).toBe(RULES.length - missing.length);
  expect(await isFoundOut({ rules: rest })).toBe(true);
});
