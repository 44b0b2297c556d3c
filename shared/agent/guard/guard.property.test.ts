/**
 * The whole guard against a host on which anything may happen to disks, in any order. Left out is what nobody could tell: a copy of
 * a claimed disk to the last byte, with its identity, in its place; and plain data of others on a fresh LUN that runs have written to.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { RULES } from "../domain/guard/judge.ts";
import { ACTS, claim, count, type World } from "./guard-acts.fixture.ts";
import { SimulatedHost, type Thing } from "./host.fixture.ts";

const SEQUENCES = Number(process.env["SALVO_SEEDS"] ?? 100_000);
const DISKS = 3;
const COMMANDS_MAX = 24;

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
  const given = host.fresh.get("given0")?.fresh.uuid;
  const lent = host.things.find(({ taken }) => taken !== undefined && taken === given);
  const was = lent && host.nodeOf(lent);
  await act();
  const is = lent && host.nodeOf(lent);
  if (was !== undefined && is === undefined) count(world, "given, pulled out");
  if (was !== undefined && is !== undefined && is !== was) count(world, "given, attached anew");
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
  told.push("awaited", "taken, given", "armed, given", "written, given", "reported, said twice", "was-there");
  told.push("armed, given, written before", "given, pulled out", "given, attached anew");
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
  ["arrival"],
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
