/** Which of the host's ports the sessions of an adapter begin at, and where adapters ask for targets. */
import type { Portal } from "@salvo/proto/storage_pb.ts";
import { shownPortal } from "@salvo/shared/agent/domain/provision/names.ts";
import { type AdapterRef, readAdapters, SOFTWARE } from "./adapters.ts";
import type { Facts } from "./facts.ts";
import { iserId } from "./iser.ts";
import { confirmed } from "./make.ts";
import type { Op } from "./op.ts";
import type { Found, Piece } from "./piece.ts";
import { SOFTWARE_ID } from "./software-iscsi.ts";
import { vmkernelId } from "./vmkernel-ports.ts";

const onAdapter = (adapter: AdapterRef, ...args: readonly string[]): Op => ({ type: "on-adapter", adapter, args });

/** What an adapter comes and goes with. */
export function adapterNeeds(ref: AdapterRef): string[] {
  if (ref === SOFTWARE) return [SOFTWARE_ID];
  return ref.startsWith("vmrdma") ? [iserId(ref)] : [];
}

export function wantedBinding(ref: AdapterRef, vmkernel: string): Piece {
  return confirmed(bindingPiece(ref, vmkernel));
}

export async function foundBindings(facts: Facts): Promise<Found[]> {
  const refs = new Map((await readAdapters(facts)).map(({ name, ref }) => [name, ref]));
  const bound = await facts.list("iscsi networkportal list");
  return bound.map((each) => {
    const name = each.text("Adapter");
    return confirmed(bindingPiece(refs.get(name) ?? name, each.text("Vmknic")));
  });
}

function bindingPiece(ref: AdapterRef, vmkernel: string) {
  return {
    id: `binding ${ref} ${vmkernel}`,
    kind: "binding",
    text: `sessions of ${ref} begin at ${vmkernel}`,
    needs: [...adapterNeeds(ref), vmkernelId(vmkernel)],
    facts: {},
    make: [onAdapter(ref, "iscsi", "networkportal", "add", "-n", vmkernel)],
    remove: [onAdapter(ref, "iscsi", "networkportal", "remove", "-n", vmkernel)],
  };
}

export function wantedDiscovery(ref: AdapterRef, portal: Pick<Portal, "address" | "port">): Piece {
  return confirmed(discoveryPiece(ref, shownPortal(portal)));
}

export async function foundDiscoveries(facts: Facts): Promise<Found[]> {
  const refs = new Map((await readAdapters(facts)).map(({ name, ref }) => [name, ref]));
  const asked = await facts.list("iscsi adapter discovery sendtarget list");
  return asked.map((each) => {
    const name = each.text("Adapter");
    return confirmed(discoveryPiece(refs.get(name) ?? name, each.text("Sendtarget", "Send Target", "Address")));
  });
}

function discoveryPiece(ref: AdapterRef, portal: string) {
  const place = ["iscsi", "adapter", "discovery", "sendtarget"];
  return {
    id: `discovery ${ref} ${portal}`,
    kind: "discovery",
    text: `${ref} asks ${portal} for targets`,
    needs: adapterNeeds(ref),
    facts: {},
    make: [onAdapter(ref, ...place, "add", "-a", portal), onAdapter(ref, "storage", "core", "adapter", "rescan")],
    remove: [onAdapter(ref, ...place, "remove", "-a", portal)],
  };
}
