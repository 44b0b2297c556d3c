import { networkInterfaces } from "node:os";
import type { PathTools } from "@salvo/shared/agent/path/tools.ts";
import { linuxHost } from "../provision/host.ts";
import { measureChannel, serveChannel } from "./channel.ts";
import { linksWith } from "./links.ts";
import { pingWhole } from "./ping.ts";

export const linuxPathTools: PathTools = {
  links: async (addresses) => linksWith(addresses, networkInterfaces(), linuxHost),
  ping: pingWhole,
  serve: serveChannel,
  measure: measureChannel,
};
