/**
 * A host of QEMU's virtual machines as an initiator: each machine's QEMU logs in by its own initiator (libiscsi), and shows the whole
 * LUN to the machine as a SCSI disk. Attachments that are for no guest are this host's own, as on every other Linux host.
 */
import type { KvmHost } from "@salvo/proto/agent_file_pb.ts";
import { type Attachment, GuestDisk, type InitiatorSpec, Transport } from "@salvo/proto/storage_pb.ts";
import { iscsiName, parsePortal, shownPortal } from "@salvo/shared/agent/domain/provision/names.ts";
import { transportName } from "@salvo/shared/agent/domain/provision/transports.ts";
import { lunOwners } from "@salvo/shared/agent/guard/lun-owners.ts";
import type { InitiatorProvider, ProviderDeps } from "@salvo/shared/agent/provision/provider.ts";
import { FILES_AT_ONCE, mapAtOnce } from "@salvo/shared/kernel/at-once.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { create } from "@bufbuild/protobuf";
import { InitiatorSpecSchema } from "@salvo/proto/storage_pb.ts";
import { linuxInitiator } from "../initiator/provider.ts";
import { describe, type Op } from "../initiator/op.ts";
import { lookIntoMachine, type Machine } from "./machine.ts";
import { describeKvm, isKvmOp, type KvmOp } from "./op.ts";
import { performKvm } from "./perform.ts";
import { foundIn, type Piece, wantedGiven } from "./pieces.ts";

export function kvmInitiator({ vms }: KvmHost, deps: ProviderDeps): InitiatorProvider<Op | KvmOp> {
  const { config, lab } = deps;
  const own = linuxInitiator(deps);
  const owners = lunOwners(config, lab).targets;
  return {
    async look(spec) {
      const { mine, given } = split(spec);
      const host = await own.look(mine);
      const machines = await lookIntoAll(vms);
      const initiator = host.show([]).initiator || iscsiName({ lab, agent: config.id }, "qemu");
      return {
        found: [...host.found, ...machines.flatMap(foundIn)],
        show: (pieces) => {
          const kept = new Set(pieces.map(({ id }) => id));
          const shown = host.show(host.found.filter(({ id }) => kept.has(id)));
          const luns = [...shown.luns, ...machines.flatMap(shownLuns)];
          return { ...shown, initiator, luns, given: machines.flatMap(shownGiven) };
        },
        // The engine asks for the pieces of the very spec that it looks with.
        wanted: () => [
          ...host.wanted(mine ?? create(InitiatorSpecSchema)),
          ...given.flatMap((each) => wantedPieces(each, { machines, owners, initiator, host: config.id })),
        ],
      };
    },
    describe: (op) => (isKvmOp(op) ? describeKvm(op) : describe(op)),
    perform: (op) => (isKvmOp(op) ? performKvm(op) : own.perform(op)),
  };
}

export async function lookIntoAll(vms: KvmHost["vms"]): Promise<Machine[]> {
  return mapAtOnce([...vms], FILES_AT_ONCE, ({ name, qmp }) => lookIntoMachine({ vm: name, qmp }));
}

/** Those of this host itself, and those for guests. */
function split(spec: InitiatorSpec | undefined): { readonly mine?: InitiatorSpec; readonly given: Attachment[] } {
  if (!spec) return { given: [] };
  const isGiven = ({ luns }: Attachment) => luns.some(({ guests }) => guests.length > 0);
  const attachments = spec.attachments.filter((each) => !isGiven(each));
  return { mine: create(InitiatorSpecSchema, { attachments }), given: spec.attachments.filter(isGiven) };
}

interface Wanting {
  readonly machines: readonly Machine[];
  readonly owners: readonly string[];
  readonly initiator: string;
  readonly host: string;
}

function wantedPieces(attachment: Attachment, wanting: Wanting): Piece[] {
  check(attachment, wanting);
  const { target, portals, luns } = attachment;
  const portal = portals.map(shownPortal)[0] ?? "";
  return luns.flatMap((lun) =>
    lun.guests.flatMap(({ agent: guest, vm }) => {
      const { place } = machineOf(vm, guest, wanting);
      return wantedGiven({ target, portal, initiator: wanting.initiator, lun, guest }, place);
    }),
  );
}

function machineOf(vm: string, guest: string, { machines, host }: Wanting): Machine {
  const found = machines.find(({ place }) => place.vm === vm);
  if (!found)
    throw new SalvoError("refused", `the agent's own file lists no virtual machine ${vm}, in which ${guest} is to be`, {
      host,
      remedy: "Add it there under kvm.vms, and restart the agent",
    });
  if (found.runs) return found;
  throw new SalvoError("refused", `the virtual machine ${vm} does not run: no QEMU listens at ${found.place.qmp}`, {
    host,
    remedy: `Start it, with -qmp unix:${found.place.qmp},server=on,wait=off`,
  });
}

/** Throws `invalid-input` or `refused` for what QEMU's own initiator cannot do, or this host's owner does not allow. */
function check(attachment: Attachment, { owners, host }: Wanting): void {
  const { target, transport, portals, sessions, chap, queueDepth, luns } = attachment;
  const wrong = (why: string) => new SalvoError("invalid-input", `attachment to ${target}: ${why}`, { host });
  if (transport !== Transport.ISCSI)
    throw wrong(`QEMU's own initiator attaches iscsi, and not ${transportName(transport)}`);
  if (portals.length !== 1 || sessions !== 1)
    throw wrong(`QEMU's own initiator has 1 session to a LUN, and not ${portals.length * sessions}`);
  if (chap) throw wrong("this agent cannot give CHAP to QEMU's own initiator");
  if (queueDepth > 0) throw wrong("the queue depth of QEMU's own initiator cannot be set: leave queueDepth out");
  for (const { number, guests, disk, device } of luns) {
    if (guests.length === 0 || device === "") throw wrong(`LUN ${number} is for no guest, and the others are`);
    if (disk !== GuestDisk.RDM)
      throw wrong(`LUN ${number} is to be a file on a LUN (vmdk), and a KVM host gives whole LUNs: write disk: rdm`);
  }
  if (!owners.some((prefix) => target.startsWith(prefix)))
    throw new SalvoError("refused", `guests may not have LUNs of ${target} [foreign-target]`, {
      host,
      remedy: "Name the agent of that target under lunsOf in this agent's own file, and restart the agent",
    });
}

function shownLuns({ place, sessions, disks }: Machine) {
  return sessions.map(({ node, target, portal, lun, sizeBytes }) => ({
    target,
    transport: Transport.ISCSI,
    portal: parsePortal(portal),
    session: `${place.vm} ${node}`,
    number: lun,
    wwn: disks.find((disk) => disk.node === node)?.wwn ?? "",
    sizeBytes,
    state: "open",
  }));
}

/** By its WWN alone: the guest asks the LUN itself. */
function shownGiven({ sessions, disks }: Machine) {
  return disks.flatMap(({ node, guest, wwn }) => {
    const session = sessions.find((each) => each.node === node);
    if (!session) return [];
    return [{ guest, target: session.target, number: session.lun, wwn, sizeBytes: session.sizeBytes }];
  });
}
