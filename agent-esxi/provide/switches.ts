/** Standard virtual switches and their uplinks. */
import type { VirtualSwitch } from "@salvo/proto/hypervisor_pb.ts";
import { confirmed } from "./make.ts";
import { esxcli } from "./op.ts";
import type { Facts } from "./facts.ts";
import type { Found, Piece } from "./piece.ts";

export const switchId = (name: string) => `switch ${name}`;
const STANDARD = ["network", "vswitch", "standard"] as const;

export function wantedSwitch({ name, mtu, uplinks }: VirtualSwitch, isOwned: boolean): Piece[] {
  const made = switchPiece(name, mtu);
  const make = [esxcli(...STANDARD, "add", "-v", name), setMtu(name, mtu)];
  return [
    isOwned ? { ...confirmed({ ...made, make }), shared: "stays" } : confirmed({ ...made, make }),
    ...uplinks.map((nic) => confirmed(uplinkPiece(name, nic))),
  ];
}

export async function foundSwitches(facts: Facts): Promise<Found[]> {
  const switches = await facts.list([...STANDARD, "list"].join(" "));
  return switches.map((each) => {
    const [name, mtu] = [each.text("Name"), each.number("MTU")];
    return confirmed({ ...switchPiece(name, mtu), make: [esxcli(...STANDARD, "add", "-v", name), setMtu(name, mtu)] });
  });
}

export async function foundUplinks(facts: Facts): Promise<Found[]> {
  const switches = await facts.list([...STANDARD, "list"].join(" "));
  return switches.flatMap((each) => each.list("Uplinks").map((nic) => confirmed(uplinkPiece(each.text("Name"), nic))));
}

function switchPiece(name: string, mtu: number) {
  return {
    id: switchId(name),
    kind: "switch",
    text: `virtual switch ${name}`,
    needs: [],
    facts: {},
    settings: { mtu: { value: String(mtu), ops: [setMtu(name, mtu)] } },
    remove: [esxcli(...STANDARD, "remove", "-v", name)],
  } as const;
}

function setMtu(name: string, mtu: number) {
  return esxcli(...STANDARD, "set", "-v", name, "-m", String(mtu));
}

/** An interface is the uplink of one switch at most. */
function uplinkPiece(name: string, nic: string) {
  return {
    id: `uplink ${nic}`,
    kind: "uplink",
    text: `uplink ${nic} of virtual switch ${name}`,
    needs: [switchId(name)],
    facts: { switch: name },
    make: [esxcli(...STANDARD, "uplink", "add", "-u", nic, "-v", name)],
    remove: [esxcli(...STANDARD, "uplink", "remove", "-u", nic, "-v", name)],
  };
}
