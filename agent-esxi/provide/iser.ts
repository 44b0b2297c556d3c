/** iSER on RDMA devices. It lasts until the host is started anew: boot-commands.ts brings it back. */
import type { IserAdapter } from "@salvo/proto/hypervisor_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { readAdapters } from "./adapters.ts";
import type { Facts } from "./facts.ts";
import { confirmed } from "./make.ts";
import { esxcli } from "./op.ts";
import type { Found, Piece } from "./piece.ts";

export const iserId = (device: string) => `iser ${device}`;

export function wantedIser({ device }: IserAdapter, facts: Facts): Piece {
  return confirmed({ ...iserPiece(device, facts), make: [{ type: "run", argv: bootCommand(device, facts) }] });
}

export async function foundIser(facts: Facts): Promise<Found[]> {
  const adapters = await readAdapters(facts);
  return adapters
    .filter(({ driver, name, ref }) => driver === "iser" && ref !== name)
    .map(({ ref }) => confirmed({ ...iserPiece(ref, facts), make: [] }));
}

function iserPiece(device: string, { commands }: Facts) {
  // A host without this command keeps the adapter until it is started anew.
  const remove = commands.has("rdma iser delete") ? [esxcli("rdma", "iser", "delete", "-d", device)] : [];
  return { id: iserId(device), kind: "iser", text: `iSER on ${device}`, needs: [], facts: {}, remove };
}

/** By what this very host offers; whether it did anything is read back. The host types it as well, whenever it starts. */
export function bootCommand(device: string, { commands, host }: Facts): readonly string[] {
  if (commands.has("rdma iser add")) return ["esxcli", "rdma", "iser", "add", "-d", device];
  if (commands.has("system module load")) return ["esxcli", "system", "module", "load", "-m", "iser"];
  throw new SalvoError("refused", "the host offers no way to enable iSER", {
    host,
    remedy: "Install the iSER module of the network card's vendor, or use another version of ESXi",
  });
}
