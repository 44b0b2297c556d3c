/** Servers of NATS: one that is not the controller's, as `nats.url` names one, for one lab alone; and the controller's own. */
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tlsBlock, usersBlock, usualUsers, writeServerFiles } from "@salvo/controller/service/nats-security.ts";
import { type TestServer, testServer } from "@salvo/shared/bus/testing-server.fixture.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";

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

/** The nats-server that a `salvo run` has started: its pid, 0 when there is none. */
export function serverOf(controller: number): number {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return Number(pids.find((pid) => isServerOf(controller, pid)) ?? 0);
}

function isServerOf(controller: number, pid: string): boolean {
  try {
    // proc_pid_stat(5): pid (comm) state ppid
    return new RegExp(`^\\d+ \\(nats-server\\) [^Z] ${controller} `).test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false; // it has just ended
  }
}
