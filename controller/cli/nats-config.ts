import { type Address, formatAddress, parseAddress } from "@salvo/shared/kernel/address.ts";
import { loadLab } from "@salvo/shared/config/files.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { writeNatsFiles } from "../service/nats-files.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { Io } from "./io.ts";
import { openLabOf } from "./lab.ts";

const NATS_PORT = 4222;

export interface NatsConfigCommand {
  readonly lab: string;
  readonly out: string;
  readonly host: readonly string[];
  readonly place: string;
}

/** Prints the folders that it has written, one JSON object per line. */
export async function writeNatsConfig({ lab: file, out, host, place }: NatsConfigCommand, io: Io): Promise<number> {
  const { message } = await loadLab(file);
  const lab = await openLabOf(file, message);
  const servers = host.map(addressOf);
  const written = await writeNatsFiles({ lab, out, servers, place, nowMs: Date.now() });
  for (const each of written) io.stdout.write(`${JSON.stringify(each)}\n`);
  const [first] = servers;
  io.stderr.write(
    `Copy each folder to ${place} on its host, for the user that runs nats-server to read, and start it: nats-server -c ${place}/nats-server.conf\n` +
      `In ${file}: nats: { url: "nats://${first ? formatAddress(first) : ""}" }\n` +
      "After agents have joined or were revoked, type this again, copy, and type nats-server --signal reload on each host\n",
  );
  return EXIT.ok.code;
}

function addressOf(text: string): Address {
  const address = parseAddress(text) ?? parseAddress(formatAddress({ host: text, port: NATS_PORT }));
  if (address && address.port > 0 && address.port <= 63_535) return address;
  throw new SalvoError("invalid-input", `${text} is no host like nats1.example or nats1.example:4222`, {
    remedy: "The port, and the port 2000 above it, must be below 65536",
  });
}
