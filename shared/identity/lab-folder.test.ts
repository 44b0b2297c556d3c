/** Who may still join, be renewed and called, as the lab's folder has it. */
import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { onlyUri } from "../kernel/certificate-uri.ts";
import { AGENT_LIFE_MS } from "./life.ts";
import { openLabFolder } from "./lab-folder.ts";
import { parseIdentity } from "./name.ts";
import { type Credential, readCertificate } from "./pem.ts";
import { createRequest } from "./request.ts";
import { type TestLab, testLab } from "./testing-lab.fixture.ts";
import { parseToken } from "./token.ts";

let folder: string;
let lab: TestLab;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-lab-folder-"));
  lab = await testLab(folder);
});
afterEach(() => rm(folder, { recursive: true }));

const grant = (agent: string) => ({ agent, roles: ["workload"] });

test("an id that never joined and waits for nothing is not revoked: a letter may be wrong", async () => {
  await lab.enrol("guest1");
  await expect(lab.revoke("gust1")).rejects.toMatchObject({ kind: "not-found" });
  await expect(lab.revoke("../guest1")).rejects.toMatchObject({ kind: "invalid-input" });
  expect(lab.isRevoked("guest1")).toBe(false);
  expect((await lab.agents()).map(({ agent }) => agent)).toEqual(["guest1"]);
});

test("an id whose token waits is revoked with its token, and nobody else's token is touched", async () => {
  const token = parseToken(await lab.createToken(grant("guest1"), Date.now()));
  const other = parseToken(await lab.createToken(grant("guest2"), Date.now()));
  await lab.revoke("guest1");
  expect(await readdir(join(lab.folder, "ca", "tokens"))).toEqual([other.id]);
  const { request } = await createRequest();
  const join1 = lab.join({ ...token, request, nowMs: Date.now() });
  await expect(join1).rejects.toMatchObject({ kind: "refused" });
  await expect(lab.createToken(grant("guest1"), Date.now())).rejects.toMatchObject({ kind: "refused" });
  expect(await lab.join({ ...other, request, nowMs: Date.now() })).toMatchObject({ agent: "guest2" });
});

test("revoking twice is revoking once", async () => {
  await lab.enrol("guest1");
  await lab.revoke("guest1");
  await lab.revoke("guest1");
  expect(lab.isRevoked("guest1")).toBe(true);
  expect(await lab.agents()).toEqual([]);
});

test("a renewed controller has another key and another name at NATS, which last", async () => {
  await lab.renewController(Date.now());
  const renewed = await openLabFolder(lab.folder, Date.now());
  expect(renewed.controller.key).not.toBe(lab.controller.key);
  expect(lab.controllerUser).toBe("bench.salvo");
  expect(renewed.controllerUser).toMatch(/^[0-9a-f]{16}\.controller\.bench\.salvo$/);
  // When it expires by itself nobody has stolen it: a NATS of one's own need not be told.
  const later = await openLabFolder(lab.folder, Date.now() + 300 * 24 * 60 * 60 * 1000);
  expect(later.controllerUser).toBe(renewed.controllerUser);
  expect(readCertificate(later.controller.certificate).serialNumber).not.toBe(
    readCertificate(renewed.controller.certificate).serialNumber,
  );
});

/** Of the lab's folder as whoever opens it then finds it. */
async function generation(nowMs: number): Promise<number> {
  return generationOf((await openLabFolder(lab.folder, nowMs)).controller);
}

function generationOf({ certificate }: Credential): number {
  const own = parseIdentity(onlyUri(readCertificate(certificate).subjectAltName));
  return own?.kind === "controller" ? own.generation : 0;
}

test("a renewal by age is of the same generation, so that a run with the certificate before it goes on", async () => {
  const laterMs = Date.now() + 300 * 24 * 60 * 60 * 1000;
  const before = generationOf(lab.controller);
  const renewed = await openLabFolder(lab.folder, laterMs);
  expect(renewed.controller.certificate).not.toBe(lab.controller.certificate);
  expect([generationOf(renewed.controller), await generation(laterMs)]).toEqual([before, before]);
  await renewed.renewController(laterMs);
  expect(await generation(laterMs)).toBeGreaterThan(before);
});

test("each certificate that replaces another is of a later generation, with a clock set back and in a folder from a backup too", async () => {
  const nowMs = Date.now();
  const backup = join(folder, "backup");
  await cp(lab.folder, backup, { recursive: true });
  const generations = [await generation(nowMs)];
  for (const atMs of [nowMs + 60_000, nowMs - 24 * 60 * 60 * 1000, nowMs - 24 * 60 * 60 * 1000]) {
    await (await openLabFolder(lab.folder, nowMs)).renewController(atMs);
    generations.push(await generation(nowMs));
  }
  await rm(lab.folder, { recursive: true });
  await cp(backup, lab.folder, { recursive: true });
  await (await openLabFolder(lab.folder, nowMs)).renewController(nowMs + 120_000);
  generations.push(await generation(nowMs));
  expect(generations).toEqual([...new Set(generations)].toSorted((a, b) => a - b));
});

test("each certificate of an agent has a name of its own, known until it expires or its agent is revoked", async () => {
  const nowMs = Date.now();
  const earlier = nowMs - AGENT_LIFE_MS / 2;
  await lab.enrol("guest1", { nowMs: earlier });
  const { certificate } = await lab.enrol("guest1", { nowMs });
  await lab.enrol("guest2", { nowMs });
  await lab.revoke("guest2");
  const issued = await lab.issued(nowMs);
  expect(issued.map(({ agent, expiresMs }) => `${agent} ${expiresMs}`).toSorted()).toEqual(
    [earlier, nowMs].map((atMs) => `guest1 ${atMs + AGENT_LIFE_MS}`),
  );
  const last = issued.find(({ expiresMs }) => expiresMs === nowMs + AGENT_LIFE_MS);
  expect(readCertificate(certificate).subjectAltName).toContain(`DNS:${last?.user}, DNS:guest1.bench.salvo`);
  expect(last?.user).toMatch(/^[0-9a-f]{16}\.guest1\.agent\.bench\.salvo$/);
  expect(await lab.issued(earlier + AGENT_LIFE_MS)).toEqual([last]);
  await openLabFolder(lab.folder, earlier + AGENT_LIFE_MS);
  expect(await readdir(join(lab.folder, "ca", "issued"))).toHaveLength(2); // guest2's, too
});

test.for([
  '{"agent":"guest1","roles":"workload"}',
  '{"agent":"guest2","roles":["workload"]}',
  '{"roles":[]}',
  "null",
  "{",
])("an agent whose file holds %s is renewed by nobody: the file does not say what it may be", async (text) => {
  await lab.enrol("guest1");
  await writeFile(join(lab.folder, "ca", "agents", "guest1"), text);
  const { request } = await createRequest();
  await expect(lab.renew("guest1", request, Date.now())).rejects.toMatchObject({ kind: "refused" });
});
