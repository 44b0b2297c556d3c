/** A host with simulated disks, for tests: what may happen to disks happens, and every write is looked at. */
import { create } from "@bufbuild/protobuf";
import { type Device, DeviceSchema } from "@salvo/proto/lab_pb.ts";
import {
  type DiskIdentity,
  type Given,
  known,
  type Label,
  type LabelFound,
  type Target,
} from "../domain/guard/facts.ts";
import { readLabel, RESERVED_BYTES } from "../domain/guard/label.ts";
import { targetPrefixes } from "../domain/provision/names.ts";
import type { Claims } from "./claims.ts";
import type { Disks, OpenedDisk } from "./disks.ts";
import type { FreshLuns, TakenLun } from "./fresh-luns.ts";

export const SIZE_BYTES = 64n * 1024n * 1024n;
/** Whose LUNs this host's agent may take. */
const TARGETS = targetPrefixes({ lab: "lab1", agent: "target" });
export const OWNERS = { targets: TARGETS, attachers: ["hv1"] };

/** A disk as a thing. What it is called, and where it is connected, may change; whose it is, is only known here. */
export interface Thing {
  serial: string;
  wwn: string;
  target: Target | undefined;
  sizeBytes: bigint;
  start: LabelFound;
  signature: string | undefined;
  mounted: boolean;
  volume: boolean;
  /** A program that does not ask for exclusiveness, and so may have it while we do. */
  writer: boolean;
  readOnly: boolean;
  unreadable: boolean;
  /** The claim that this host's owner gave, until the owner, or anybody else, made something else of the disk. */
  claim: Label | undefined;
  /** The agent that attaches it; undefined where this host does so itself. */
  attacher: string | undefined;
  /** The uuid under which it was taken, blank, until it was attached anew. */
  taken: string | undefined;
  /** A run was armed for it since it was taken. */
  lent: boolean;
  /** It bears somebody else's data, and one can tell. */
  theirs: boolean;
}

/** A connected disk. While it is held its path and node are nobody else's, even when the disk was pulled out. */
interface Attachment {
  readonly path: string;
  readonly node: string;
  thing: Thing | undefined;
  held: boolean;
}

export class SimulatedHost {
  readonly things: Thing[];
  #attachments: Attachment[] = [];
  #sequence = 0;
  readonly records = new Map<string, Label>();
  readonly fresh = new Map<string, TakenLun>();
  /** Since when a disk of another attacher is awaited: attachments up to this one were there before. */
  awaited: number | undefined;
  /** Violations: writes that nobody had allowed. */
  readonly wrong: string[] = [];
  /** Of labels, and by workloads. */
  writes = 0;

  constructor(count: number) {
    this.things = Array.from({ length: count }, (_, index) => ({
      serial: `serial-${index}`,
      wwn: `naa.600000000000000${index}`,
      // The first is of somebody's target, the second of one that makes LUNs for scenarios, the third is given by a hypervisor.
      target:
        index % 3 === 2 ? undefined : { iqn: index % 3 === 1 ? `${TARGETS[0]}ram` : "iqn.2026-11.lab:ram", lun: index },
      attacher: index % 3 === 2 ? "hv1" : undefined,
      sizeBytes: SIZE_BYTES,
      start: { type: "blank" },
      signature: undefined,
      mounted: false,
      volume: false,
      writer: false,
      readOnly: false,
      unreadable: false,
      claim: undefined,
      taken: undefined,
      lent: false,
      theirs: false,
    }));
    for (const thing of this.things) this.plug(thing);
  }

  /** As the agent's file lists it: by what it is now. */
  list(name: string, { serial, wwn, target, sizeBytes }: Thing): Device {
    const disk = { serial, wwn, ...(target && { iqn: target.iqn, lun: target.lun }) };
    return create(DeviceSchema, { name, sizeBytes, disk });
  }

  plug(thing: Thing): void {
    if (this.#attachments.some((each) => each.thing === thing)) return;
    for (let index = 0; ; index++) {
      const path = `/dev/sd${String.fromCharCode(97 + index)}`;
      if (this.#attachments.some((each) => each.path === path)) continue;
      const node = `8:${index * 16}#${++this.#sequence}`;
      this.#attachments.push({ path, node, thing, held: false });
      return;
    }
  }

  unplug(thing: Thing): void {
    for (const each of this.#attachments) if (each.thing === thing) each.thing = undefined;
    this.#forget();
    thing.taken = undefined;
    [thing.mounted, thing.volume, thing.writer] = [false, false, false];
  }

  /**
   * A target exchanges what is behind two LUNs; the host does not notice, and what it remembers of their identity stays. One that
   * makes LUNs for scenarios never does: without a label nobody could tell.
   */
  exchange(one: Thing, two: Thing): void {
    const at = (thing: Thing) => this.#attachments.find((each) => each.thing === thing);
    const [first, second] = [at(one), at(two)];
    if (one.mounted || two.mounted || one.volume || two.volume || one.taken || two.taken) return;
    if (first) first.thing = two;
    if (second) second.thing = one;
    [one.serial, two.serial] = [two.serial, one.serial];
    [one.wwn, two.wwn] = [two.wwn, one.wwn];
    [one.target, two.target] = [two.target, one.target];
  }

  /** The host starts anew and finds its disks in another order. */
  reboot(first: number): void {
    const order = [...this.things.slice(first), ...this.things.slice(0, first)];
    const connected = order.filter((thing) => this.#attachments.some((each) => each.thing === thing));
    this.#attachments = [];
    this.fresh.clear();
    this.awaited = undefined;
    for (const thing of connected) {
      thing.taken = undefined;
      [thing.mounted, thing.volume, thing.writer] = [false, false, false];
      this.plug(thing);
    }
  }

  /** From now on a disk of another attacher may come. */
  await(): number {
    return (this.awaited = this.#sequence);
  }

  /** Whether a program could have the disk for itself: the kernel lets only one. */
  free(thing: Thing): boolean {
    return !thing.mounted && !thing.volume && !this.#attachments.some((each) => each.thing === thing && each.held);
  }

  /** Somebody else makes that of it. Where a run was armed for a fresh LUN, nobody can tell plain data from a workload's. */
  overwrite(thing: Thing, start: LabelFound, signature: string | undefined): void {
    [thing.start, thing.signature, thing.claim] = [start, signature, undefined];
    const isAsWorkloads = start.type === "foreign" && thing.taken !== undefined && thing.lent;
    thing.theirs = signature !== undefined || (start.type !== "blank" && !isAsWorkloads);
  }

  /** What it is called now; undefined when it is not connected. */
  pathOf(thing: Thing): string | undefined {
    return this.#attachments.find((each) => each.thing === thing)?.path;
  }

  /** Of which attachment it is; undefined when it is not connected. */
  nodeOf(thing: Thing): string | undefined {
    return this.#attachments.find((each) => each.thing === thing)?.node;
  }

  /** What fio does when the gates are open: it follows the path as it is then. planned: the claim that the plan was made for. */
  write(device: Device, path: string, firstByte: bigint, planned: Label | undefined): void {
    const thing = this.#attachments.find((each) => each.path === path)?.thing;
    if (!thing) return; // nothing is there: fio fails
    this.writes++;
    const { claim } = thing;
    const told = `${device.name} to ${path} (${thing.serial})`;
    if (claim?.device !== device.name) this.wrong.push(`${told}, which was not claimed for it`);
    if (claim?.uuid !== this.records.get(device.name)?.uuid) this.wrong.push(`${told}, which was claimed anew`);
    if (claim?.uuid !== planned?.uuid) this.wrong.push(`${told}, which the run was not planned for`);
    if (thing.mounted || thing.volume || thing.writer || thing.signature !== undefined)
      this.wrong.push(`${told}, which is in use`);
    if (firstByte < RESERVED_BYTES) this.wrong.push(`${told}, into its label`);
    if (device.sizeBytes > thing.sizeBytes) this.wrong.push(`${told}, past its end`);
    if (device.disk?.serial !== thing.serial) this.wrong.push(`${told}, which is not the one listed`);
  }

  /** The same, of a LUN that was taken. */
  writeFresh({ device, fresh }: TakenLun, path: string): void {
    const attachment = this.#attachments.find((each) => each.path === path);
    const thing = attachment?.thing;
    if (!thing) return;
    this.writes++;
    const told = `${device.name} to ${path} (${thing.serial})`;
    if (fresh.given) this.#judgeGiven(told, attachment, fresh.given);
    else if (!TARGETS.some((prefix) => thing.target?.iqn.startsWith(prefix)))
      this.wrong.push(`${told}, of another target`);
    if (thing.taken !== fresh.uuid) this.wrong.push(`${told}, which is not what was taken`);
    if (thing.theirs) this.wrong.push(`${told}, which is somebody else's by now`);
    if (thing.claim) this.wrong.push(`${told}, which is claimed`);
    if (thing.mounted || thing.volume || thing.writer || thing.signature) this.wrong.push(`${told}, which is in use`);
    if (device.sizeBytes > thing.sizeBytes) this.wrong.push(`${told}, past its end`);
    thing.start = { type: "foreign" };
  }

  /** What no honest attacher can have given is whatever was there before, or is of a session of this host. */
  #judgeGiven(told: string, { node, thing }: Attachment, { attacher }: Given): void {
    const sequence = Number(node.split("#")[1]);
    if (this.awaited === undefined || sequence <= this.awaited) this.wrong.push(`${told}, which was there before`);
    if (thing?.target) this.wrong.push(`${told}, which is of a session of this host`);
    if (!OWNERS.attachers.includes(attacher)) this.wrong.push(`${told}, of the attacher ${attacher}`);
  }

  readonly claims: Claims = {
    read: async (device) => this.records.get(device),
    write: async (label) => void this.records.set(label.device, label),
    remove: async (device) => void this.records.delete(device),
  };

  readonly freshLuns: FreshLuns = {
    list: async () => [...this.fresh.values()],
    write: async (taken) => void this.fresh.set(taken.device.name, taken),
    remove: async (device) => void this.fresh.delete(device),
  };

  readonly disks: Disks = {
    identify: () => this.#attachments.flatMap((each) => (each.thing ? [this.#identity(each, each.thing)] : [])),
    findSignatures: async ({ path }) => {
      const thing = this.#attachments.find((each) => each.path === path)?.thing;
      if (!thing || thing.unreadable) return { unknown: "no answer" };
      return known(thing.signature === undefined ? [] : [{ type: thing.signature, offset: 0n }]);
    },
    findWriters: ({ path }) => {
      const thing = this.#attachments.find((each) => each.path === path)?.thing;
      return thing ? known(thing.writer ? ["qemu (pid 1)"] : []) : { unknown: "it is gone" };
    },
    open: (disk) => this.#open(disk),
  };

  #open(disk: DiskIdentity): OpenedDisk {
    const attachment = this.#attachments.find(({ path }) => path === disk.path);
    const ours = attachment?.thing !== undefined && this.free(attachment.thing);
    if (attachment && ours) attachment.held = true;
    const gone = { unknown: "it is gone" };
    return {
      look: () => {
        const thing = attachment?.thing;
        if (!thing || !attachment) {
          const identity = { ...disk, node: "gone", serial: gone, wwn: gone, target: gone, sizeBytes: gone };
          const facts = { readOnly: gone, removable: gone, mounts: gone, swaps: gone, system: gone, partitions: gone };
          return { identity, ...facts, holders: gone, multipath: gone, label: gone, exclusive: gone };
        }
        return {
          identity: this.#identity(attachment, thing),
          readOnly: known(thing.readOnly),
          removable: known(false),
          mounts: known(thing.mounted ? ["/mnt"] : []),
          swaps: known([]),
          system: known([]),
          partitions: known([]),
          holders: known(thing.volume ? ["dm-0"] : []),
          multipath: known([]),
          label: thing.unreadable ? { unknown: "input/output error" } : known(thing.start),
          exclusive: known(ours),
        };
      },
      node: () => (attachment?.thing ? attachment.node : "gone"),
      writeLabel: (block) => {
        const thing = attachment?.thing;
        if (!ours || !thing) throw new Error("nobody may write to this disk");
        this.writes++;
        if (thing.start.type !== "blank" && thing.start.type !== "label")
          this.wrong.push(`a label over the data of ${thing.serial}`);
        if (thing.signature !== undefined || thing.mounted || thing.writer)
          this.wrong.push(`a label on ${thing.serial}, which is in use`);
        thing.start = readLabel(block);
        thing.claim = thing.start.type === "label" ? thing.start.label : undefined;
      },
      close: () => {
        if (attachment && ours) attachment.held = false;
        this.#forget();
      },
    };
  }

  #identity({ path, node }: Attachment, { serial, wwn, target, sizeBytes }: Thing): DiskIdentity {
    return {
      path,
      node,
      model: "SIMULATED",
      serial: known(serial),
      wwn: known(wwn),
      target: known(target),
      sizeBytes: known(sizeBytes),
    };
  }

  /** What nobody holds and is not there frees its path. */
  #forget(): void {
    this.#attachments = this.#attachments.filter(({ thing, held }) => thing !== undefined || held);
  }
}
