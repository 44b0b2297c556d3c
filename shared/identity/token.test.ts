import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createToken, parseToken, redeemToken, TOKEN_LIFE_MAX_MS } from "./token.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-token-"));
});
afterEach(() => rm(folder, { recursive: true }));

const pin = "p".repeat(43);
const nowMs = 1_000_000;
const make = (lifeMs?: number) =>
  createToken(folder, { agent: "guest1", roles: ["workload"], pin, nowMs, ...(lifeMs !== undefined && { lifeMs }) });
const redeem = async (text: string, atMs = nowMs) => redeemToken(folder, { ...parseToken(text), nowMs: atMs });

test("of 1,000 that redeem one token at once exactly one wins", async () => {
  const token = await make();
  const all = await Promise.allSettled(Array.from({ length: 1_000 }, () => redeem(token)));
  const won = all.filter(({ status }) => status === "fulfilled");
  expect(won).toEqual([{ status: "fulfilled", value: { agent: "guest1", roles: ["workload"] } }]);
  await expect(redeem(token)).rejects.toMatchObject({ kind: "refused" });
});

test("a token is good for 15 minutes at most, whatever is asked for", async () => {
  const [inTime, late] = [await make(TOKEN_LIFE_MAX_MS * 100), await make(TOKEN_LIFE_MAX_MS * 100)];
  expect(await redeem(inTime, nowMs + TOKEN_LIFE_MAX_MS - 1)).toMatchObject({ agent: "guest1" });
  await expect(redeem(late, nowMs + TOKEN_LIFE_MAX_MS)).rejects.toMatchObject({ kind: "refused" });
  expect(await readdir(folder)).toEqual([]);
});

test("a wrong secret is refused and does not use the token up", async () => {
  const token = await make();
  const [id] = token.split(".");
  await expect(redeem(`${id}.${"A".repeat(43)}.${pin}`)).rejects.toMatchObject({ kind: "refused" });
  expect(await redeem(token)).toMatchObject({ agent: "guest1" });
});

test("the lab keeps no secret, and what it keeps only its owner may read", async () => {
  const token = await make();
  const [id = "", secret = ""] = token.split(".");
  const file = join(folder, id);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readFile(file, "utf8")).not.toContain(secret);
});

test("an id that is no token's reaches no other file", async () => {
  await writeFile(join(folder, "other"), "{}");
  for (const id of ["../x", "other", ""])
    await expect(redeemToken(folder, { id, secret: "", nowMs })).rejects.toMatchObject({ kind: "refused" });
});

test("a text that is no token is refused without being repeated", async () => {
  const token = await make();
  expect(() => parseToken(`${token}x`)).toThrow(expect.objectContaining({ kind: "invalid-input" }));
  expect(() => parseToken(`${token}x`)).not.toThrow(token.slice(20, 40));
  expect(parseToken(` ${token}\n`)).toMatchObject({ pin });
});

test("a token that cannot be read is not called used or unknown", async () => {
  const token = await make();
  const [id = ""] = token.split(".");
  await rm(join(folder, id));
  await mkdir(join(folder, id)); // no file can be read of it
  await expect(redeem(token)).rejects.toMatchObject({
    kind: "unavailable",
    message: expect.stringContaining("the lab's tokens cannot be read: EISDIR"),
  });
});
