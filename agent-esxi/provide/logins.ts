/** The targets that an adapter knows, and its sessions to them. */
import { isRdma, transportName } from "@salvo/shared/agent/domain/provision/transports.ts";
import { type PortalPlace, shownPortal } from "@salvo/shared/agent/domain/provision/names.ts";
import { Transport } from "@salvo/proto/storage_pb.ts";
import { type AdapterRef, readAdapters, SOFTWARE } from "./adapters.ts";
import { adapterNeeds } from "./bindings.ts";
import type { Facts } from "./facts.ts";
import { confirmed } from "./make.ts";
import type { Op } from "./op.ts";
import type { Found, Piece } from "./piece.ts";

export const staticId = (ref: AdapterRef, target: string, portal: string) => `static-target ${ref} ${target} ${portal}`;
export const loginId = (ref: AdapterRef, target: string) => `login ${ref} ${target}`;

/** Discovery would log in to whatever a portal has; this names the one target. */
export function wantedStaticTarget(ref: AdapterRef, target: string, portal: PortalPlace): Piece {
  return confirmed(staticPiece(ref, target, shownPortal(portal)));
}

export async function foundStaticTargets(facts: Facts): Promise<Found[]> {
  return (await readStaticTargets(facts)).map(({ ref, target, portal }) => confirmed(staticPiece(ref, target, portal)));
}

async function readStaticTargets(facts: Facts) {
  const refs = new Map((await readAdapters(facts)).map(({ name, ref }) => [name, ref]));
  const told = await facts.list("iscsi adapter discovery statictarget list");
  return told.map((each) => {
    const adapter = each.text("Adapter");
    return {
      ref: refs.get(adapter) ?? adapter,
      target: each.text("Target Name", "Target"),
      portal: each.text("Target Address", "Address"),
    };
  });
}

function staticPiece(ref: AdapterRef, target: string, portal: string) {
  const change = (does: "add" | "remove"): Op => ({
    type: "on-adapter",
    adapter: ref,
    args: ["iscsi", "adapter", "discovery", "statictarget", does, "-a", portal, "-n", target],
  });
  return {
    id: staticId(ref, target, portal),
    kind: "static-target",
    text: `${ref} knows ${target} at ${portal}`,
    needs: adapterNeeds(ref),
    facts: {},
    make: [change("add")],
    remove: [change("remove")],
  };
}

export function wantedLogin(ref: AdapterRef, target: string, portals: readonly PortalPlace[], sessions: number): Piece {
  const make: Op[] = [{ type: "log-in", adapter: ref, target, sessions }];
  const needs = portals.map((portal) => staticId(ref, target, shownPortal(portal)));
  return confirmed({ ...loginPiece(ref, target, sessions), needs, make });
}

export interface Session {
  readonly adapter: string;
  readonly ref: AdapterRef;
  readonly target: string;
  readonly isid: string;
  /** logged_in; empty when it has no connection. */
  readonly state: string;
  /** Of the target; empty when it has no connection. */
  readonly address: string;
}

export async function readSessions(facts: Facts): Promise<Session[]> {
  const refs = new Map((await readAdapters(facts)).map(({ name, ref }) => [name, ref]));
  const connections = await facts.list("iscsi session connection list");
  const sessions = await facts.list("iscsi session list");
  return sessions.map((each) => {
    const [adapter, target, isid] = [each.text("Adapter"), each.text("Target"), each.text("ISID")];
    const own = connections.find(
      (of) => of.text("Adapter") === adapter && of.text("Target") === target && of.text("ISID") === isid,
    );
    return {
      adapter,
      ref: refs.get(adapter) ?? adapter,
      target,
      isid,
      state: own?.text("State") ?? "",
      address: own?.textIfAny("RemoteAddress") ?? "",
    };
  });
}

export async function foundLogins(facts: Facts): Promise<Found[]> {
  const groups = Map.groupBy(await readSessions(facts), ({ ref, target }) => loginId(ref, target));
  const told = await readStaticTargets(facts);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { ref, target } = first;
    const own = told.filter((each) => each.ref === ref && each.target === target);
    const needs = own.length === 0 ? adapterNeeds(ref) : own.map(({ portal }) => staticId(ref, target, portal));
    const down = group.filter(({ state }) => state !== "logged_in");
    const problem = `${down.length} of ${group.length} sessions are ${down[0]?.state || "without a connection"}`;
    const piece = confirmed({ ...loginPiece(ref, target, group.length), needs, make: [] });
    return [down.length === 0 ? piece : { ...piece, problem }];
  });
}

function loginPiece(ref: AdapterRef, target: string, sessions: number) {
  const transport = transportOf(ref);
  return {
    id: loginId(ref, target),
    kind: "login",
    text: `${sessions} session${sessions === 1 ? "" : "s"} of ${ref} to ${target}: ${transportName(transport)}`,
    facts: { transport: transportName(transport), sessions: String(sessions) },
    remove: [{ type: "on-adapter", adapter: ref, args: ["iscsi", "session", "remove", "-n", target] } as const],
  };
}

export function transportOf(ref: AdapterRef): Transport {
  return ref === SOFTWARE ? Transport.ISCSI : Transport.ISER;
}

export function isOfTransport(ref: AdapterRef, transport: Transport): boolean {
  return isRdma(transport) === isRdma(transportOf(ref)) && adapterNeeds(ref).length > 0;
}
