/** A nats-server that is not the controller's, as `nats.url` names one: it takes the certificates of one lab, and nobody else. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tlsBlock, usersBlock, usualUsers, writeServerFiles } from "@salvo/controller/service/nats-security.ts";
import { type TestServer, testServer } from "@salvo/shared/bus/testing-server.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.ts";

export interface OwnNats extends TestServer {
  /** The lab that it serves, for `startLab`. */
  readonly identities: TestLab;
}

/** Running. Its users are guest1 and guest2. */
export async function ownNats(options: Parameters<typeof testServer>[0] = {}): Promise<OwnNats> {
  const folder = await mkdtemp(join(tmpdir(), "salvo-own-nats-"));
  const identities = await testLab(folder);
  for (const id of ["guest1", "guest2"]) await identities.enrol(id);
  const files = await writeServerFiles(join(folder, "nats"), identities, []);
  const server = await testServer(options);
  const start = async () =>
    server.start(tlsBlock(files, "verify_and_map") + (await usersBlock(identities, await usualUsers(identities))));
  await start();
  return {
    ...server,
    identities,
    start,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}
