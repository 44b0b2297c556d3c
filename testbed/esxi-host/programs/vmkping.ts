/** vmkping. Sources: captures of a success and of a packet that does not fit; the rest as ping of BSD prints it. */
import { CommandFailure } from "../failure.ts";
import type { HostState, Vmk } from "../state/state.ts";
import type { ProgramCall } from "./call.ts";

const HEADERS_BYTES = 28;
const ICMP_BYTES = 8;

export function vmkping({ args, read, write, writeError }: ProgramCall): number {
  const { size, whole, via, count, address } = readArguments(args);
  const state = read();
  const vmk = state.network.vmks.find(({ name, ipv4 }) =>
    via === undefined ? isSameNet(ipv4, address) : name === via,
  );
  if (via !== undefined && vmk === undefined) throw new CommandFailure(`Unknown interface '${via}': Invalid argument`);
  write(`PING ${address} (${address}): ${size} data bytes\n`);
  const reached = vmk !== undefined && answers(state, vmk, address, whole ? size + HEADERS_BYTES : 0);
  if (whole && vmk !== undefined && size + HEADERS_BYTES > vmk.mtu)
    writeError("sendto() failed (Message too long)\n".repeat(count));
  else if (vmk === undefined) writeError("sendto() failed (Network is unreachable)\n".repeat(count));
  else if (reached)
    for (let seq = 0; seq < count; seq += 1)
      write(`${size + ICMP_BYTES} bytes from ${address}: icmp_seq=${seq} ttl=64 time=0.${198 + seq} ms\n`);
  write(`\n--- ${address} ping statistics ---\n`);
  write(`${count} packets transmitted, ${reached ? count : 0} packets received, ${reached ? 0 : 100}% packet loss\n`);
  if (!reached) return 1;
  write("round-trip min/avg/max = 0.198/0.199/0.200 ms\n");
  return 0;
}

interface Wanted {
  size: number;
  /** The packet may not be split. */
  whole: boolean;
  via: string | undefined;
  count: number;
  address: string;
}

function readArguments(args: readonly string[]): Wanted {
  const wanted: Wanted = { size: 56, whole: false, via: undefined, count: 3, address: "" };
  const left = [...args];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === "-d") wanted.whole = true;
    else if (word === "-s") wanted.size = Number(left.shift());
    else if (word === "-I") wanted.via = left.shift();
    else if (word === "-c") wanted.count = Number(left.shift());
    else if (word === "-i" || word === "-W" || word === "-S") left.shift();
    else if (word.startsWith("-")) throw new CommandFailure(`vmkping: invalid option -- '${word.slice(1)}'`);
    else wanted.address = word;
  }
  if (wanted.address === "" || Number.isNaN(wanted.size)) throw new CommandFailure("Usage: vmkping [args] [host]");
  return wanted;
}

/** Whether a packet of this length, which may not be split, goes there and back. */
function answers(state: HostState, vmk: Vmk, address: string, bytes: number): boolean {
  const { vSwitches, nics } = state.network;
  const vSwitch = vSwitches.find(({ portGroups }) => portGroups.some(({ name }) => name === vmk.portGroup));
  const group = vSwitch?.portGroups.find(({ name }) => name === vmk.portGroup);
  const isUp = vSwitch?.uplinks.some((uplink) => nics.some((nic) => nic.name === uplink && nic.adminUp && nic.linkUp));
  const other = state.outside.neighbours.find((neighbour) => neighbour.address === address);
  if (vSwitch === undefined || other === undefined || isUp !== true || !vmk.enabled) return false;
  if (other.vlan !== group?.vlan || !isSameNet(vmk.ipv4, address)) return false;
  return bytes <= Math.min(vmk.mtu, vSwitch.mtu, other.mtu);
}

function isSameNet({ address, netmask }: Vmk["ipv4"], other: string): boolean {
  const net = (each: string) => each.split(".").map((part, index) => Number(part) & Number(netmask.split(".")[index]));
  return address !== "0.0.0.0" && net(address).join() === net(other).join();
}
