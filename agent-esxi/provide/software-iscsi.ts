import { SOFTWARE } from "./adapters.ts";
import type { Facts } from "./facts.ts";
import { confirmed } from "./make.ts";
import { esxcli } from "./op.ts";
import type { Found, Piece } from "./piece.ts";

export const SOFTWARE_ID = "software-iscsi";
const set = (value: "true" | "false") => esxcli("iscsi", "software", "set", "-e", value);

export function softwarePiece(): Piece & Found {
  return {
    ...confirmed({
      id: SOFTWARE_ID,
      kind: "software-iscsi",
      text: `the adapter of ${SOFTWARE}`,
      needs: [],
      facts: {},
      make: [set("true")],
      remove: [set("false")],
    }),
    shared: "goes",
  };
}

export async function foundSoftware(facts: Facts): Promise<Found[]> {
  const enabled = await facts.get("iscsi software get");
  return enabled?.title === "true" ? [softwarePiece()] : [];
}
