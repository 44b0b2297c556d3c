import fc from "fast-check";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { onlyUri } from "../kernel/certificate-uri.ts";
import { SalvoError } from "../kernel/error.ts";
import { damaged, fuzzRuns } from "../testing/fuzz.fixture.ts";
import { identityUri, isName, parseIdentity } from "./name.ts";
import { readIdentity } from "./own.ts";
import { createRequest, requestedKey } from "./request.ts";
import { createToken, makeTokenFolder, parseToken, redeemToken } from "./token.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-identity-fuzz-"));
  await makeTokenFolder(join(folder, "tokens"));
});
afterAll(() => rm(folder, { recursive: true }));

const PIN = "p".repeat(43);
const nowMs = Date.UTC(2026, 10, 22);

/** What it gives, or undefined for a refusal of one of these kinds. Anything else fails. */
async function valueOrRefused<T>(kinds: readonly string[], work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SalvoError && kinds.includes(error.kind)) return undefined;
    throw error;
  }
}

test("a damaged token is another token or none, and its text is in no message", async () => {
  const token = `${"0a".repeat(8)}.${"s".repeat(43)}.${PIN}`;
  await fc.assert(
    fc.asyncProperty(damaged(fc.constant(Buffer.from(token))), async (bytes) => {
      const text = bytes.toString("latin1");
      const found = await valueOrRefused(["invalid-input"], () => parseToken(text));
      if (found) expect(`${found.id}.${found.secret}.${found.pin}`).toBe(text.trim());
    }),
    { numRuns: fuzzRuns(2_000) },
  );
});

test("a token whose file was damaged grants what it did, in its time, or nothing", async () => {
  const grant = { agent: "guest1", roles: ["workload"] };
  const text = await createToken(join(folder, "tokens"), { ...grant, pin: PIN, nowMs });
  const { id, secret } = parseToken(text);
  const file = join(folder, "tokens", id);
  const kept = await readFile(file);
  await fc.assert(
    fc.asyncProperty(damaged(fc.constant(kept)), async (bytes) => {
      await writeFile(file, bytes);
      const late = await valueOrRefused(["refused"], () =>
        redeemToken(join(folder, "tokens"), { id, secret, nowMs: Number.MAX_SAFE_INTEGER }),
      );
      expect(late, "nothing lives for ever").toBeUndefined();
    }),
    { numRuns: fuzzRuns(150) },
  );
  for (const odd of ["null", "[]", "{}", JSON.stringify({ ...grant, secretHash: "00", expiresMs: 1 })]) {
    await writeFile(file, odd);
    expect(await valueOrRefused(["refused"], () => redeemToken(join(folder, "tokens"), { id, secret, nowMs }))).toBe(
      undefined,
    );
  }
  const { expiresMs: _, ...timeless } = JSON.parse(kept.toString());
  await writeFile(file, JSON.stringify(timeless));
  await expect(redeemToken(join(folder, "tokens"), { id, secret, nowMs })).rejects.toMatchObject({ kind: "refused" });
});

test("any text as a certificate's names is one known identity, exactly as it is written, or nobody", () => {
  const agent = identityUri({ kind: "agent", lab: "bench", id: "guest1", roles: ["workload"] });
  const controller = identityUri({ kind: "controller", lab: "bench", generation: 1_786_000_000 });
  const uris = damaged(fc.constantFrom(agent, controller).map((uri) => Buffer.from(uri))).map((bytes) =>
    bytes.toString("latin1"),
  );
  const names = fc.oneof(uris, fc.string(), fc.string({ unit: "binary" }));
  fc.assert(
    fc.property(fc.array(names, { maxLength: 3 }), (several) => {
      const identity = parseIdentity(onlyUri(several.map((name) => `URI:${name}`).join(", ")));
      if (!identity) return;
      expect(isName(identity.lab)).toBe(true);
      expect(several).toContain(identityUri(identity));
    }),
    { numRuns: fuzzRuns(5_000) },
  );
});

test("a damaged request for a certificate is refused: its signature holds all of it", async () => {
  const { request } = await createRequest();
  await fc.assert(
    fc.asyncProperty(fc.oneof(damaged(fc.constant(request)), fc.uint8Array({ maxLength: 400 })), async (bytes) => {
      const key = await valueOrRefused(["invalid-input"], () => requestedKey(new Uint8Array(bytes)));
      if (key) expect(Buffer.from(request).includes(Buffer.from(key))).toBe(true);
    }),
    { numRuns: fuzzRuns(300) },
  );
});

test("a damaged file of key and certificates is read as two texts, or is corrupt", async () => {
  const own = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nMIIB\n";
  await writeFile(join(folder, "ca.pem"), "ca");
  await fc.assert(
    fc.asyncProperty(damaged(fc.constant(Buffer.from(own))), async (bytes) => {
      await writeFile(join(folder, "identity.pem"), bytes);
      await valueOrRefused(["corrupt"], () => readIdentity(folder, "join again"));
    }),
    { numRuns: fuzzRuns(150) },
  );
});
