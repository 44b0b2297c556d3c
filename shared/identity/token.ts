/** One-time tokens: `<id>.<secret>.<pin of the lab's CA>`. The lab keeps a hash of the secret, and forgets it when it was used. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { mkdir, readdir, readFile, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile, syncFolder } from "../files/durable.ts";
import { FILES_AT_ONCE, mapAtOnce } from "../kernel/at-once.ts";
import { SalvoError, toSalvoError } from "../kernel/error.ts";

export const TOKEN_LIFE_MAX_MS = 15 * 60 * 1000;

export interface Token {
  readonly id: string;
  readonly secret: string;
  /** Of the lab's CA: publicKeyPin. */
  readonly pin: string;
}

/** What a token is good for. */
export interface Grant {
  readonly agent: string;
  readonly roles: readonly string[];
}

interface KeptToken extends Grant {
  readonly secretHash: string;
  readonly expiresMs: number;
}

/** Throws `invalid-input`, without the text: it may be a token with one letter too many. */
export function parseToken(text: string): Token {
  const [, id, secret, pin] = /^([0-9a-f]{16})\.([\w-]{43})\.([\w-]{43})$/.exec(text.trim()) ?? [];
  if (id !== undefined && secret !== undefined && pin !== undefined) return { id, secret, pin };
  throw new SalvoError("invalid-input", "this is no token of a lab", {
    remedy: "Copy the whole token that `salvo token create` printed",
  });
}

export interface CreateTokenOptions extends Grant {
  readonly pin: string;
  readonly nowMs: number;
  readonly lifeMs?: number;
}

/** Gives the text that a person carries to the host. */
export async function createToken(folder: string, options: CreateTokenOptions): Promise<string> {
  const { agent, roles, pin, nowMs, lifeMs = TOKEN_LIFE_MAX_MS } = options;
  const id = randomBytes(8).toString("hex");
  const secret = randomBytes(32).toString("base64url");
  const expiresMs = nowMs + Math.min(lifeMs, TOKEN_LIFE_MAX_MS);
  const kept: KeptToken = { agent, roles, secretHash: hash(secret).toString("hex"), expiresMs };
  await replaceFile(join(folder, id), JSON.stringify(kept));
  return `${id}.${secret}.${pin}`;
}

/**
 * What the token grants, to one caller only, however many ask at once and from however many processes: whoever removes
 * its file has it. Everybody else gets the same `refused`, whatever is wrong.
 */
export async function redeemToken(
  folder: string,
  { id, secret, nowMs }: { readonly id: string; readonly secret: string; readonly nowMs: number },
): Promise<Grant> {
  if (!isTokenId(id)) throw refusal();
  const file = join(folder, id);
  const kept = await readKept(file);
  if (!timingSafeEqual(Buffer.from(kept.secretHash, "hex"), hash(secret))) throw refusal();
  try {
    await unlink(file);
  } catch (error) {
    if (toSalvoError(error).kind !== "not-found") throw toSalvoError(error, { file });
    throw refusal(); // somebody else was quicker
  }
  await syncFolder(folder);
  if (nowMs >= kept.expiresMs) throw refusal();
  return { agent: kept.agent, roles: kept.roles };
}

/** It is the name of a file. */
export function isTokenId(text: string): boolean {
  return /^[0-9a-f]{16}$/.test(text);
}

/** The ids of an agent's tokens that wait to be redeemed, or have expired since. */
export async function tokensOf(folder: string, agent: string): Promise<string[]> {
  const ids = (await readdir(folder)).filter((name) => isTokenId(name));
  const kept = await mapAtOnce(ids, FILES_AT_ONCE, (id) => readKept(join(folder, id)).catch(unlessRefused));
  return ids.filter((_id, index) => kept[index]?.agent === agent);
}

export async function dropTokens(folder: string, ids: readonly string[]): Promise<void> {
  await Promise.all(ids.map((id) => rm(join(folder, id), { force: true })));
  await syncFolder(folder);
}

export async function makeTokenFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
}

/** It was redeemed just now, or grants nothing. */
function unlessRefused(error: unknown): undefined {
  if (toSalvoError(error).kind !== "refused") throw error;
}

async function readKept(file: string): Promise<KeptToken> {
  const kept = keptIn(await readToken(file));
  if (kept) return kept;
  throw refusal();
}

async function readToken(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { kind, message } = toSalvoError(error);
    if (kind === "not-found") throw refusal();
    throw new SalvoError("unavailable", `the lab's tokens cannot be read: ${message}`, { cause: error });
  }
}

function keptIn(text: string): KeptToken | undefined {
  try {
    const kept: unknown = JSON.parse(text);
    return isKept(kept) ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** A file that was cut off or damaged grants nothing: least of all a token that never expires. */
function isKept(kept: unknown): kept is KeptToken {
  if (!isGrant(kept)) return false;
  const { secretHash, expiresMs }: Partial<Record<keyof KeptToken, unknown>> = kept;
  return typeof secretHash === "string" && /^[0-9a-f]{64}$/.test(secretHash) && Number.isSafeInteger(expiresMs);
}

export function isGrant(value: unknown): value is Grant {
  if (typeof value !== "object" || value === null) return false;
  const { agent, roles }: Partial<Record<keyof Grant, unknown>> = value;
  return typeof agent === "string" && Array.isArray(roles) && roles.every((role) => typeof role === "string");
}

/** 256 random bits need no slow hash. */
function hash(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

function refusal(): SalvoError {
  return new SalvoError("refused", "the token is unknown, was used already, or has expired", {
    remedy: "Make another one with: salvo token create",
  });
}
