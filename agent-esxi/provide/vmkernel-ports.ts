/** The host's own ports on its virtual switches: vmk1, with an address. */
import type { VmkernelPort } from "@salvo/proto/hypervisor_pb.ts";
import type { Fields } from "../read/answer.ts";
import type { Facts } from "./facts.ts";
import { confirmed } from "./make.ts";
import { esxcli } from "./op.ts";
import type { Found, Piece } from "./piece.ts";
import { portGroupId } from "./port-groups.ts";

export const vmkernelId = (name: string) => `vmkernel-port ${name}`;
const INTERFACE = ["network", "ip", "interface"] as const;

interface Port {
  readonly name: string;
  readonly portGroup: string;
  readonly mtu: number;
  readonly address: string;
  readonly netmask: string;
}

export function wantedVmkernelPort(portGroup: string, { name, address, netmask, mtu }: VmkernelPort): Piece {
  return confirmed(portPiece({ name, portGroup, mtu, address, netmask }));
}

export async function foundVmkernelPorts(facts: Facts): Promise<Found[]> {
  return (await readPorts(facts)).map((port) => confirmed(portPiece(port)));
}

/** Ports of other kinds of switches have no port group, and are nobody's that Salvo could want. */
export async function readPorts(facts: Facts): Promise<Port[]> {
  const ports = await facts.list([...INTERFACE, "list"].join(" "));
  const addresses = await facts.list([...INTERFACE, "ipv4", "get"].join(" "));
  const of = new Map(addresses.map((each) => [each.text("Name"), each]));
  return ports.map((port) => {
    const name = port.text("Name");
    const ip = of.get(name);
    return {
      name,
      portGroup: port.textIfAny("Portgroup"),
      mtu: port.number("MTU"),
      address: addressOf(ip, "IPv4 Address"),
      netmask: addressOf(ip, "IPv4 Netmask"),
    };
  });
}

function addressOf(ip: Fields | undefined, name: string): string {
  return ip?.textIfAny(name) ?? "";
}

function portPiece({ name, portGroup, mtu, address, netmask }: Port) {
  const setMtu = esxcli(...INTERFACE, "set", "-i", name, "-m", String(mtu));
  const setAddress = esxcli(...INTERFACE, "ipv4", "set", "-i", name, "-t", "static", "-I", address, "-N", netmask);
  return {
    id: vmkernelId(name),
    kind: "vmkernel-port",
    text: `vmkernel port ${name} on port group ${portGroup}: ${address}/${netmask}`,
    needs: portGroup === "" ? [] : [portGroupId(portGroup)],
    facts: { portGroup },
    settings: {
      mtu: { value: String(mtu), ops: [setMtu] },
      address: { value: `${address}/${netmask}`, ops: [setAddress] },
    },
    make: [
      esxcli(...INTERFACE, "add", `--interface-name=${name}`, `--portgroup-name=${portGroup}`),
      setMtu,
      setAddress,
    ],
    remove: [esxcli(...INTERFACE, "remove", `--interface-name=${name}`)],
  };
}
