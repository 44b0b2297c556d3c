/** NATS that others run: real nats-servers that know users by nkeys and JWTs, over TLS with a CA of their own. */
import { nkeys } from "@nats-io/transport-node";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createAuthority, openAuthority } from "../identity/authority.ts";
import { replaceFile } from "../files/durable.ts";
import { deadline } from "../kernel/signal.ts";
import { connectBus, type OthersTls } from "./connection.ts";
import { jwtNats, seedOf } from "./credentials.fixture.ts";
import { readNatsCredentials } from "./credentials-file.ts";
import { ensureStream } from "./stream.ts";
import { type TestServer, testServer } from "./testing-server.fixture.ts";

let folder: string;
let tls: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-credentials-"));
  const authority = await openAuthority(await createAuthority("somebody", Date.now()));
  const identity = { kind: "nats", lab: "somebody" } as const;
  const own = await authority.issue({ identity, lifeMs: 60_000, nowMs: Date.now(), hosts: ["127.0.0.1"] });
  await replaceFile(file("ca.pem"), own.ca);
  await replaceFile(file("cert.pem"), own.certificate);
  await replaceFile(file("key.pem"), own.key);
  tls = `tls { cert_file: "${file("cert.pem")}", key_file: "${file("key.pem")}" }\n`;
});
afterEach(() => rm(folder, { recursive: true }));

const file = (name: string) => join(folder, name);

async function kept(text: string): Promise<OthersTls> {
  await replaceFile(file("secret"), text);
  return readNatsCredentials({ credentials: file("secret"), ca: file("ca.pem") });
}

const dial = (server: TestServer, access: OthersTls, reasons: string[] = []) =>
  connectBus({
    url: server.url,
    name: "controller",
    tls: access,
    signal: deadline(3_000, "connecting"),
    onStatus: (status) => "reason" in status && reasons.push(status.reason ?? ""),
  });

test("a user is let in by the seed of its nkey, and another one is not", async () => {
  const [user, other] = [nkeys.createUser(), nkeys.createUser()];
  await using server = await testServer();
  await server.start(`${tls}authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`);
  await using bus = await dial(server, await kept(`${seedOf(user)}\n`));
  expect((await ensureStream({ bus, lab: "lab1" })).config.name).toBe("salvo-lab1");
  const reasons: string[] = [];
  await expect(dial(server, await kept(seedOf(other)), reasons)).rejects.toMatchObject({ kind: "timeout" });
  expect(reasons.join()).toMatch(/authorization/i);
});

test("a user is let in by a credentials file of a server in operator mode, and one of another operator is not", async () => {
  const [theirs, others] = [jwtNats(), jwtNats()];
  await using server = await testServer();
  await server.start(tls + theirs.config);
  await using bus = await dial(server, await kept(theirs.credentials));
  expect((await ensureStream({ bus, lab: "lab1" })).config.name).toBe("salvo-lab1");
  await expect(dial(server, await kept(others.credentials))).rejects.toMatchObject({ kind: "timeout" });
});

test("a server without TLS, or with the certificate of another CA, is shown nothing", async () => {
  const user = nkeys.createUser();
  const access = await kept(seedOf(user));
  await using plain = await testServer();
  await plain.start(`authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`);
  const reasons: string[] = [];
  await expect(dial(plain, access, reasons)).rejects.toMatchObject({ kind: "timeout" });
  await using server = await testServer();
  await server.start(`${tls}authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`);
  await expect(dial(server, { ...access, ca: undefined }, reasons)).rejects.toMatchObject({ kind: "timeout" });
  expect(reasons.join()).toMatch(/tls/i);
  expect(reasons.join()).toMatch(/certificate/i);
}, 15_000);

test("a secret that others can read is refused, and what is no secret is not repeated", async () => {
  const seed = seedOf(nkeys.createUser());
  const access = { credentials: file("secret"), ca: "" };
  await replaceFile(file("secret"), seed);
  expect(await readNatsCredentials(access)).toEqual({ credentials: seed, ca: undefined });
  await chmod(file("secret"), 0o640);
  await expect(readNatsCredentials(access)).rejects.toMatchObject({
    kind: "refused",
    remedy: expect.stringContaining("chmod 600"),
  });
  await writeFile(file("secret"), `${seed}x`);
  await chmod(file("secret"), 0o600);
  const error: unknown = await readNatsCredentials(access).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ kind: "invalid-input" });
  expect(JSON.stringify(error) + String(error)).not.toContain(seed);
  await rm(file("secret"));
  await expect(readNatsCredentials(access)).rejects.toMatchObject({ kind: "not-found" });
});
