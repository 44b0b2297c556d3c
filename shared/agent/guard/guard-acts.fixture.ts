/** Whatever may happen to the disks of a host, and be done with them, for tests. */
import type { Device } from "@salvo/proto/lab_pb.ts";
import { SalvoError } from "../../kernel/error.ts";
import type { Rule } from "../domain/guard/judge.ts";
import type { Label } from "../domain/guard/facts.ts";
import { hashOfDevice } from "../devices/devices.ts";
import type { OpenDevice } from "../devices/open-device.ts";
import { deviceHash } from "../domain/plan-hash.ts";
import { claimDisk, releaseDisk } from "./claim-disk.ts";
import { listedDisk } from "./examine.ts";
import { openFreshLun, takeGivenDisk, takeLun } from "./fresh-disk.ts";
import { openRawDisk } from "./raw-disk.ts";
import { type SimulatedHost, SIZE_BYTES, OWNERS, type Thing } from "./host.fixture.ts";

export interface World {
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
/** Of another attacher. */
const GIVEN = "given0";

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
  owners: OWNERS,
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

export function count({ seen }: World, what: string): void {
  seen.set(what, (seen.get(what) ?? 0) + 1);
}

function end(world: World, name: string): void {
  world.armed.get(name)?.close();
  world.armed.delete(name);
}

export const claim: Act = (world, _one, _two, device) =>
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

/** The attacher is asked for a disk: what is here now is none of it. */
const awaitDisk: Act = async (world) => {
  const { host } = world;
  if (world.armed.has(GIVEN)) return;
  await host.freshLuns.remove(GIVEN);
  host.await();
  count(world, "awaited");
};

/** Hot-plugged: another attachment. */
const give: Act = ({ host }, one) => {
  if (one.attacher === undefined) return;
  host.unplug(one);
  host.plug(one);
};

/**
 * Somebody reports a disk as given, by what it says of itself: the attacher, or one who means another disk. attacher: who is said to
 * have given it.
 */
const takeGiven =
  (attacher = "hv1"): Act =>
  (world, one) =>
    attempt(world, async () => {
      const { host } = world;
      if (host.awaited === undefined || world.armed.has(GIVEN)) return;
      const uuid = `uuid-${++world.claims}`;
      const isBlank = one.start.type === "blank" && one.signature === undefined;
      const { serial, wwn, sizeBytes } = one;
      const device = host.list(GIVEN, { ...one, target: undefined });
      const isTwin = host.things.some((each) => each !== one && (each.serial === serial || each.wwn === wwn));
      if (isTwin && host.pathOf(one) !== undefined) count(world, "reported, said twice");
      await takeGivenDisk(device, { attacher, after: host.awaited }, { lab: "lab1", uuid }, deps(world));
      if (!isBlank) host.wrong.push(`${serial} (${wwn}, ${sizeBytes} B) was taken as given, which is not blank`);
      [one.taken, one.lent] = [uuid, false];
      count(world, "taken, given");
    });

const awaitAndTake: Act = async (...what) => {
  await awaitDisk(...what);
  await give(...what);
  await takeGiven()(...what);
};

const armGiven: Act = (...what) => armTaken(GIVEN, "given", what[0]);

const armFresh: Act = (...what) => armTaken(FRESH, "fresh", what[0]);

async function armTaken(name: string, kind: string, world: World): Promise<void> {
  const taken = world.host.fresh.get(name);
  if (!taken || world.armed.has(name)) return;
  const { device } = taken;
  const fresh = world.trustsTaken ? { ...taken.fresh, used: true } : taken.fresh;
  const thing = world.host.things.find((each) => each.taken === fresh.uuid);
  if (thing && thing.theirs && !thing.lent && thing.signature === undefined) count(world, "plain data, to be armed");
  const hash = deviceHash({ name, ...listedDisk(device) }, fresh);
  await attempt(world, async () => {
    const opened = await openFreshLun(device, fresh, { ...deps(world), deviceHash: hash });
    world.armed.set(name, { ...opened, planned: { hash, claim: fresh } });
    count(world, thing?.start.type === "foreign" ? `armed, ${kind}, written before` : `armed, ${kind}`);
    if (thing) thing.lent = true;
  });
}

const takeAndArm: Act = async (...what) => {
  await take(...what);
  await armFresh(...what);
};

const fireFresh =
  (meanwhile?: Act, name = FRESH): Act =>
  (world, one, two, device) =>
    attempt(world, async () => {
      const [opened, taken] = [world.armed.get(name), world.host.fresh.get(name)];
      if (!opened || !taken) return;
      if (world.looksAgain) opened.recheck();
      await meanwhile?.(world, one, two, device);
      opened.recheckQuickly();
      world.host.writeFresh(taken, opened.path);
      count(world, name === FRESH ? "written, fresh" : "written, given");
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

/** A database without a file system: nothing that libblkid knows. */
const leaveData: Act = byOthers((one, _two, world) => {
  world.host.overwrite(one, { type: "foreign" }, undefined);
  if (one.taken !== undefined && one.theirs) count(world, "plain data, on a LUN that was taken");
});

/** Before a scenario's first run. */
const takeAndLose: Act = async (...what) => {
  await take(...what);
  await leaveData(...what);
};

const takeAndRun: Act = async (...what) => {
  await takeAndArm(...what);
  await fireFresh()(...what);
  end(what[0], FRESH);
};

const awaitAndRun: Act = async (...what) => {
  await awaitAndTake(...what);
  await armGiven(...what);
  await fireFresh(undefined, GIVEN)(...what);
  end(what[0], GIVEN);
};

/** Released, and claimed anew: the same disk for everybody who does not look at whose it is. */
const claimAnew: Act = async (world, one, two, device) => {
  end(world, device.name);
  await attempt(world, () => releaseDisk(device, deps(world)));
  await claim(world, one, two, device);
};

export const ACTS: readonly Act[] = [
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
  takeAndLose,
  takeAndRun,
  armFresh,
  armFresh,
  fireFresh(),
  fireFresh(replug),
  (world) => end(world, FRESH),
  awaitDisk,
  give,
  takeGiven(),
  takeGiven("hv2"),
  awaitAndTake,
  awaitAndTake,
  awaitAndRun,
  armGiven,
  armGiven,
  fireFresh(undefined, GIVEN),
  fireFresh(replug, GIVEN),
  (world) => end(world, GIVEN),
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
  leaveData,
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
