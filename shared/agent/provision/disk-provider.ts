/**
 * Disks of a guest whose LUNs another agent attaches: first awaited, then taken by what the attacher reports. Nothing of it depends on
 * the operating system, or on what the attacher is.
 */
import { greatest } from "../../kernel/extremes.ts";
import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import type { AwaitedDisk, DiskSpec } from "@salvo/proto/disk_pb.ts";
import { type Device, DeviceSchema } from "@salvo/proto/lab_pb.ts";
import { SalvoError } from "../../kernel/error.ts";
import { deadline, sleep } from "../../kernel/signal.ts";
import { sequenceOf } from "../domain/guard/facts.ts";
import { findListed } from "../domain/guard/identity.ts";
import type * as engine from "../domain/provision/piece.ts";
import type { AwaitedDisks } from "../guard/awaited-disks.ts";
import type { Disks } from "../guard/disks.ts";
import { listedDisk } from "../guard/examine.ts";
import { type FreshDeps, takeGivenDisk } from "../guard/fresh-disk.ts";
import type { Provider } from "./provider.ts";

export interface DiskDeps extends FreshDeps {
  readonly disks: Disks;
  readonly awaited: AwaitedDisks;
  readonly lab: string;
  /** Devices of the agent's own file. */
  readonly listed: readonly Pick<Device, "name">[];
}

export type DiskOp =
  | { readonly type: "await-disk"; readonly device: string; readonly attacher: string }
  | { readonly type: "stop-awaiting" | "forget-disk"; readonly device: string }
  | {
      readonly type: "take-disk";
      readonly device: string;
      readonly attacher: string;
      readonly serial: string;
      readonly wwn: string;
      readonly sizeBytes: bigint;
    };

type Piece = engine.Piece<DiskOp>;
type Found = engine.Found<DiskOp>;

/** A disk is found a while after it was attached. */
const AWAIT_MS = 30_000;
const LOOK_MS = 100;

export function diskProvider(deps: DiskDeps): Provider<DiskSpec, object, DiskOp> {
  return {
    async look() {
      const here = new Set(deps.disks.identify().map(({ node }) => node));
      const taken = (await deps.freshLuns.list()).flatMap(({ device, fresh }): Found[] => {
        const { name, disk, sizeBytes } = device;
        if (!fresh.given || !disk) return []; // of this host's own sessions
        const { serial, wwn } = disk;
        const problem = `device ${fresh.node}, which was taken, is gone`;
        const piece = devicePiece({ device: name, attacher: fresh.given.attacher, serial, wwn, sizeBytes });
        return [{ ...piece, ...(!here.has(fresh.node) && { problem }) }];
      });
      return {
        found: [...(await deps.awaited.list()).map(awaitedPiece), ...taken],
        show: () => ({}),
        wanted: ({ disks }) => disks.flatMap((disk) => wantedPieces(disk, deps)),
      };
    },
    describe,
    perform: (op) => perform(op, deps),
  };
}

/** Throws `refused` for what the agent's own file does not allow, and for a name that it has already. */
function wantedPieces(disk: AwaitedDisk, { host, owners, listed }: DiskDeps): Piece[] {
  const { device, attacher, serial, wwn } = disk;
  if (listed.some(({ name }) => name === device))
    throw new SalvoError("refused", `the agent's own file has another device ${device}`, {
      host,
      remedy: "Rename it there, and restart the agent",
    });
  if (!owners.attachers.includes(attacher))
    throw new SalvoError("refused", `runs may not write to LUNs that ${attacher} attaches [foreign-target]`, {
      host,
      remedy: "Name that agent under lunsOf in this agent's own file, and restart the agent",
    });
  return [awaitedPiece(disk), ...(serial === "" && wwn === "" ? [] : [devicePiece(disk)])];
}

type Wish = Omit<AwaitedDisk, "$typeName" | "$unknown">;

/** Its size is not of it: how large the disk is for the guest, its attacher tells only when it has attached it. */
function awaitedPiece({ device, attacher }: Pick<Wish, "device" | "attacher">): Piece {
  return {
    id: awaitedId(device),
    kind: "awaited disk",
    text: `waiting for device ${device}, which ${attacher} attaches`,
    needs: [],
    facts: { attacher },
    settings: {},
    make: [{ type: "await-disk", device, attacher }],
    remove: [{ type: "stop-awaiting", device }],
  };
}

function devicePiece({ device, attacher, serial, wwn, sizeBytes }: Wish): Piece {
  return {
    id: `device ${device}`,
    kind: "device",
    text: `device ${device}, which runs may overwrite: ${keysOf({ serial, wwn })}, of ${attacher}`,
    needs: [awaitedId(device)],
    facts: { attacher, serial, wwn, bytes: String(sizeBytes) },
    settings: {},
    make: [{ type: "take-disk", device, attacher, serial, wwn, sizeBytes }],
    remove: [{ type: "forget-disk", device }],
  };
}

const awaitedId = (device: string) => `awaited ${device}`;

function keysOf({ serial, wwn }: Pick<Wish, "serial" | "wwn">): string {
  return [serial && `serial ${serial}`, wwn && `WWN ${wwn}`].filter(Boolean).join(", ");
}

function describe(op: DiskOp): string {
  switch (op.type) {
    case "await-disk":
      return `# from now on a disk may come from ${op.attacher}, as the device ${op.device}; none that is here is it`;
    case "stop-awaiting":
      return `# wait for the device ${op.device} no more`;
    case "take-disk":
      return `# take the disk with ${keysOf(op)} (${op.sizeBytes} B) as the device ${op.device}, if the disk guard finds it blank`;
    case "forget-disk":
      return `# forget the device ${op.device}`;
  }
}

async function perform(op: DiskOp, deps: DiskDeps): Promise<void> {
  switch (op.type) {
    case "await-disk":
      return deps.awaited.write({ device: op.device, attacher: op.attacher, after: lastSequence(deps) });
    case "stop-awaiting":
      return deps.awaited.remove(op.device);
    case "take-disk":
      return take(op, deps);
    case "forget-disk":
      return deps.freshLuns.remove(op.device);
  }
}

/** Throws `refused` where the kernel does not count attachments: nobody could tell then which disk has come. */
function lastSequence({ host, disks }: DiskDeps): number {
  return greatest(
    disks.identify().map((disk) => {
      const sequence = sequenceOf(disk);
      if (sequence !== undefined) return sequence;
      throw new SalvoError(
        "refused",
        `this kernel does not count attachments: ${disk.path} is ${disk.node} [cannot-tell]`,
        {
          host,
          remedy: "A disk of another attacher needs Linux 5.15 or newer (/sys/block/*/diskseq)",
        },
      );
    }),
    0,
  );
}

async function take(op: DiskOp & { readonly type: "take-disk" }, deps: DiskDeps): Promise<void> {
  const { device: name, attacher, serial, wwn, sizeBytes } = op;
  const awaited = (await deps.awaited.list()).find(({ device }) => device === name);
  if (awaited?.attacher !== attacher)
    throw new SalvoError("wrong-state", `device ${name} is not awaited of ${attacher}`, { host: deps.host });
  const device = create(DeviceSchema, { name, sizeBytes, disk: { serial, wwn } });
  await untilHere(device, deps.disks);
  await takeGivenDisk(device, { attacher, after: awaited.after }, { lab: deps.lab, uuid: randomUUID() }, deps);
}

/** Until there is a disk with one of the keys that tells its size, or several of them: then the guard says why not. */
async function untilHere(device: Device, disks: Disks): Promise<void> {
  using signal = deadline(AWAIT_MS, `waiting for the disk of device ${device.name}`);
  for (;;) {
    const found = findListed(listedDisk(device), disks.identify());
    if ("refusal" in found && found.refusal.code !== "not-found") return;
    if ("disk" in found && "value" in found.disk.sizeBytes && found.disk.sizeBytes.value > 0n) return;
    await sleep(LOOK_MS, { signal });
  }
}
