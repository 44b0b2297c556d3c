/** Whether packets of a port's whole MTU reach the other end: a switch between with a smaller one loses them without a word. */
import type { VmkernelPort } from "@salvo/proto/hypervisor_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Esxi } from "../esxi.ts";
import { readPing } from "../read/programs.ts";
import { type Reach, reachArgs } from "./op.ts";
import type { Found, Piece } from "./piece.ts";
import { vmkernelId } from "./vmkernel-ports.ts";

export function wantedReaches({ name, mtu, peers }: VmkernelPort): Piece[] {
  return peers.map((address) => reachPiece({ type: "reach", port: name, address, mtu }));
}

/** Those that work now. Nothing of them stays on the host, so they are tried at every look. */
export async function foundReaches(ports: readonly VmkernelPort[], esxi: Esxi): Promise<Found[]> {
  const found: Found[] = [];
  for (const { name, mtu, peers } of ports)
    for (const address of peers) {
      const reach: Reach = { type: "reach", port: name, address, mtu };
      if ((await problemOf(reach, esxi)) === undefined) found.push(reachPiece(reach));
    }
  return found;
}

/** It comes and goes with its port, and is whose that is. */
function reachPiece(reach: Reach): Piece {
  const { port, address, mtu } = reach;
  return {
    id: `reach ${port} ${address}`,
    kind: "reach",
    text: `packets of ${mtu} B from ${port} to ${address}`,
    needs: [vmkernelId(port)],
    facts: { mtu: String(mtu) },
    settings: {},
    make: [reach],
    remove: [],
    follows: true,
  };
}

export async function expectReach(reach: Reach, esxi: Esxi): Promise<void> {
  const problem = await problemOf(reach, esxi);
  if (problem === undefined) return;
  const { address, port, mtu } = reach;
  throw new SalvoError("program-failed", `packets of ${mtu} B do not get from ${port} to ${address}: ${problem}`, {
    host: esxi.name,
    remedy: "Set the MTU of every switch and port on the way, of the far end too",
  });
}

async function problemOf(reach: Reach, esxi: Esxi): Promise<string | undefined> {
  const { stdout, stderr, exitCode } = await esxi.try(reachArgs(reach));
  const said = `${stdout}\n${stderr}`;
  // Without the line of counts it is another failure: no such port, no such program.
  if (!/packets transmitted/.test(said)) return said.trim() || `vmkping ended with ${exitCode}`;
  const { sent, received, tooLong } = readPing(said);
  if (sent > 0 && received === sent) return undefined;
  return tooLong ? "Message too long" : `${received} of ${sent} came back`;
}
