/**
 * Which certificates agents have been given. Each has a name of its own at NATS: nats-server looks at dates only when a connection
 * is made, and can shut out who has connected with one that has expired since, a thief as well, only by a name that nobody else has.
 */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { certificateUser } from "./name.ts";
import { replaceFile } from "../files/durable.ts";

export interface Issued {
  readonly agent: string;
  /** Its own name at NATS. */
  readonly user: string;
  /** ms since 1970. */
  readonly expiresMs: number;
}

export interface IssuedFolder {
  /** Of a certificate that is about to be made. */
  add(agent: string, expiresMs: number): Promise<Issued>;
  inForce(nowMs: number): Promise<Issued[]>;
}

/** Names of agents have no dots. */
const NAME = /^(?<agent>[a-z0-9-]+)\.(?<expiresMs>\d{1,15})\.(?<unique>[0-9a-f]{16})$/;

/** Each is an empty file, whose name says it all: any number of processes may add to them. Forgets those that have expired. */
export async function openIssued(folder: string, lab: string, nowMs: number): Promise<IssuedFolder> {
  await mkdir(folder, { recursive: true, mode: 0o700 });

  const over = (await all()).filter(({ expiresMs }) => expiresMs <= nowMs);
  await Promise.all(over.map(({ name }) => rm(join(folder, name), { force: true })));

  async function all() {
    return (await readdir(folder)).flatMap((name) => {
      const { agent, expiresMs, unique } = NAME.exec(name)?.groups ?? {};
      if (agent === undefined || unique === undefined) return [];
      return [{ name, agent, user: certificateUser(lab, agent, unique), expiresMs: Number(expiresMs) }];
    });
  }

  return {
    async add(agent, expiresMs) {
      const unique = randomBytes(8).toString("hex");
      await replaceFile(join(folder, `${agent}.${expiresMs}.${unique}`), "");
      return { agent, user: certificateUser(lab, agent, unique), expiresMs };
    },
    inForce: async (nowMs) => (await all()).filter(({ expiresMs }) => expiresMs > nowMs),
  };
}
