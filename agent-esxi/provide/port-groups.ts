import type { PortGroup } from "@salvo/proto/hypervisor_pb.ts";
import type { Facts } from "./facts.ts";
import { confirmed } from "./make.ts";
import { esxcli, type Op } from "./op.ts";
import type { Found, Piece } from "./piece.ts";
import { switchId } from "./switches.ts";

export const portGroupId = (name: string) => `port-group ${name}`;
const PORT_GROUP = ["network", "vswitch", "standard", "portgroup"] as const;

export function wantedPortGroup(of: string, { name, vlan }: PortGroup): Piece {
  return confirmed(portGroupPiece(of, name, vlan));
}

export async function foundPortGroups(facts: Facts): Promise<Found[]> {
  const groups = await facts.list([...PORT_GROUP, "list"].join(" "));
  return groups.map((each) =>
    confirmed(portGroupPiece(each.text("Virtual Switch"), each.text("Name"), each.number("VLAN ID"))),
  );
}

function portGroupPiece(of: string, name: string, vlan: number) {
  const setVlan: Op = esxcli(...PORT_GROUP, "set", "-p", name, "-v", String(vlan));
  return {
    id: portGroupId(name),
    kind: "port-group",
    text: `port group ${name} on virtual switch ${of}`,
    needs: [switchId(of)],
    facts: { switch: of },
    settings: { vlan: { value: String(vlan), ops: [setVlan] } },
    make: [esxcli(...PORT_GROUP, "add", "-v", of, "-p", name), ...(vlan === 0 ? [] : [setVlan])],
    remove: [esxcli(...PORT_GROUP, "remove", "-v", of, "-p", name)],
  };
}
