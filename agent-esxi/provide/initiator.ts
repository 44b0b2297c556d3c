/** The ESXi host as an initiator: its sessions to targets of this lab, by the spec that initiators of Linux take. */
import { type Attachment, type InitiatorSpec, Multipath, Transport } from "@salvo/proto/storage_pb.ts";
import type { InitiatorProvider } from "@salvo/shared/agent/provision/provider.ts";
import { transportName } from "@salvo/shared/agent/domain/provision/transports.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Boot } from "../boot.ts";
import type { Esxi } from "../esxi.ts";
import { type Adapter, readAdapters } from "./adapters.ts";
import { shownAttached } from "./attached.ts";
import { foundDatastores } from "./datastores.ts";
import { type Facts, openFacts } from "./facts.ts";
import { foundIser } from "./iser.ts";
import { foundLogins, foundStaticTargets, isOfTransport, wantedLogin, wantedStaticTarget } from "./logins.ts";
import { foundLuns, wantedLun } from "./luns.ts";
import { LISTS } from "./kinds.ts";
import { describe, type Op } from "./op.ts";
import { perform } from "./perform.ts";
import type { Piece } from "./piece.ts";
import { foundSoftware } from "./software-iscsi.ts";
import { isWithin } from "./subnet.ts";
import { readPorts } from "./vmkernel-ports.ts";

export function esxiInitiator(esxi: Esxi, boot: Boot): InitiatorProvider<Op> {
  return {
    async look(spec?: InitiatorSpec) {
      await boot.look();
      const facts = await openFacts(esxi, LISTS);
      const expected = (spec?.attachments ?? []).flatMap(({ target, luns }) =>
        luns.map(({ number, sizeBytes }) => ({ target, number, sizeBytes })),
      );
      const found = [
        ...(await foundIser(facts)),
        ...(await foundSoftware(facts)),
        ...(await foundStaticTargets(facts)),
        ...(await foundLogins(facts)),
        ...(await foundLuns(facts, expected)),
        ...(await foundDatastores(facts)),
      ];
      const shown = await shownAttached(facts);
      const places = await placesOf(facts);
      return {
        found,
        show: () => shown,
        wanted: ({ attachments }) => attachments.flatMap((each) => wantedPieces(each, places, esxi.name)),
      };
    },
    describe,
    perform: (op) => perform(op, esxi),
  };
}

/** An adapter, and where its bound ports are. */
interface Place {
  readonly adapter: Adapter;
  readonly ports: readonly { readonly name: string; readonly address: string; readonly netmask: string }[];
}

async function placesOf(facts: Facts): Promise<Place[]> {
  const bound = (await facts.list("iscsi networkportal list")).map((each) => ({
    adapter: each.text("Adapter"),
    port: each.text("Vmknic"),
  }));
  const ports = await readPorts(facts);
  return (await readAdapters(facts)).map((adapter) => {
    const own = new Set(bound.filter((each) => each.adapter === adapter.name).map(({ port }) => port));
    return { adapter, ports: ports.filter(({ name }) => own.has(name)) };
  });
}

function wantedPieces(attachment: Attachment, places: readonly Place[], host: string): Piece[] {
  check(attachment, host);
  const { target, portals, sessions, luns } = attachment;
  const groups = Map.groupBy(portals, (portal) => adapterFor(attachment, portal.address, places, host));
  const paths = sessions * portals.length;
  const [ref] = groups.keys();
  return [
    ...[...groups].flatMap(([ref, own]) => [
      ...own.map((portal) => wantedStaticTarget(ref, target, portal)),
      wantedLogin(ref, target, own, sessions * own.length),
    ]),
    ...(ref === undefined ? [] : luns.map((lun) => wantedLun(attachment, lun, ref, paths))),
  ];
}

/** The one adapter of the transport with a bound port in the portal's network. */
function adapterFor(
  { target, transport }: Attachment,
  address: string,
  places: readonly Place[],
  host: string,
): string {
  const fitting = places.filter(
    ({ adapter, ports }) =>
      isOfTransport(adapter.ref, transport) && ports.some((port) => isWithin(address, port.address, port.netmask)),
  );
  const [only, ...others] = fitting;
  if (only && others.length === 0) return only.adapter.ref;
  const which = only
    ? `several adapters reach ${address}: ${fitting.map(({ adapter }) => adapter.name).join(", ")}`
    : `no adapter of ${transportName(transport)} has a bound port in the network of ${address}`;
  throw new SalvoError("refused", `attachment to ${target}: ${which}`, {
    host,
    remedy: "Set up the adapter, and bind one port in that network, by the desired state of the hypervisor",
  });
}

/** Throws `invalid-input` for what an ESXi host cannot have. */
function check({ target, transport, portals, chap, luns, multipath, sessions }: Attachment, host: string): void {
  const wrong = (why: string, remedy?: string) =>
    new SalvoError("invalid-input", `attachment to ${target}: ${why}`, {
      host,
      ...(remedy !== undefined && { remedy }),
    });
  if (transport !== Transport.ISCSI && transport !== Transport.ISER)
    throw wrong(`an ESXi host attaches iscsi and iser, and not ${transportName(transport)}`);
  if (portals.length === 0) throw wrong("it has no portal");
  if (chap) throw wrong("CHAP cannot be set on an ESXi host by this agent");
  if (sessions * portals.length > 1 && multipath !== Multipath.ROUND_ROBIN)
    throw wrong(
      "an ESXi host makes one disk of several sessions, and uses them in turn",
      "Write multipath: round-robin",
    );
  for (const { device, number, guests } of luns) {
    if (device !== "")
      throw wrong(`LUN ${number} is to be a device ${device}, and workloads do not run on an ESXi host`);
    if (guests.length > 0)
      throw wrong(
        `LUN ${number} is for ${guests.map(({ agent }) => agent).join(", ")}, and this agent gives disks to VMs by the hypervisor's desired state`,
      );
  }
}
