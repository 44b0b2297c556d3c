import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";

export interface OneFile extends AsyncDisposable {
  readonly port: number;
  /** With 192 random bits; everything else is not there. */
  readonly path: string;
}

/**
 * Serves that file and nothing else, by HTTP, until it is disposed of. Not HTTPS: there is no secret in the file, whoever
 * fetches it compares its checksum, and a host that is not of the lab yet could not know whose certificate to trust.
 */
export async function serveOneFile(
  file: string,
  { host, onFailure }: { readonly host: string; readonly onFailure: (error: unknown) => void },
): Promise<OneFile> {
  const { size } = await stat(file).catch((error: unknown) => {
    throw toSalvoError(error, { file });
  });
  const path = `/${randomBytes(24).toString("base64url")}/${basename(file)}`;
  const server = createServer((request, response) => {
    if (request.url !== path || (request.method !== "GET" && request.method !== "HEAD")) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": size });
    if (request.method === "HEAD") response.end();
    else pipeline(createReadStream(file), response).catch(onFailure);
  });
  server.listen(0, host);
  await once(server, "listening").catch((error: unknown) => {
    throw toSalvoError(error, { host });
  });
  // A server on a port has an address of this shape (node:net).
  const { port } = server.address() as AddressInfo;
  return {
    port,
    path,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}
