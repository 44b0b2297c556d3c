import { join, resolve } from "node:path";
import { loadLab } from "@salvo/shared/config/files.ts";
import { replaceFile } from "@salvo/shared/files/durable.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { lastNatsUrl } from "../service/nats-server.ts";
import type { Io } from "./io.ts";
import { openLabOf } from "./lab.ts";

export interface ReaderCommand {
  readonly lab: string;
  readonly name: string;
  readonly data: string;
  readonly out?: string;
}

/** Makes three files that any NATS client takes, and prints where they are. */
export async function createReader({ lab: file, name, data, out = name }: ReaderCommand, io: Io): Promise<number> {
  const { message } = await loadLab(file);
  const lab = await openLabOf(file, message);
  const { ca, certificate, key } = await lab.createReader(name, Date.now());
  const folder = resolve(out);
  await replaceFile(join(folder, "ca.pem"), ca);
  await replaceFile(join(folder, "cert.pem"), certificate);
  await replaceFile(join(folder, "key.pem"), key);
  io.stdout.write(`${folder}\n`);
  io.stderr.write(
    `The certificate is good for a year: it may read salvo.${message.name}.> at ${message.nats?.url ?? (await embeddedUrl(data))}, and nothing else there.\n` +
      `Whoever has key.pem can do the same; salvo reader revoke ${name} ends it.\n`,
  );
  return EXIT.ok.code;
}

export async function revokeReader({ lab: file, name }: Pick<ReaderCommand, "lab" | "name">, io: Io): Promise<number> {
  const { message } = await loadLab(file);
  const lab = await openLabOf(file, message);
  await lab.revokeReader(name);
  io.stderr.write(`reader ${name} is revoked, and its name is never used again\n`);
  return EXIT.ok.code;
}

async function embeddedUrl(data: string): Promise<string> {
  const folder = join(data, "nats");
  try {
    return await lastNatsUrl(folder);
  } catch (error) {
    if (toSalvoError(error).kind !== "not-found") throw error;
    return `the port that the first run writes to ${join(folder, "nats-port")}`;
  }
}
