import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";

/**
 * Makes the archive, with its sha256 beside it, unless it is there already and was made of the same ingredients: everything
 * that its bytes depend on. Gives its path.
 */
export function keptArchive(
  target: string,
  ingredients: readonly (string | Uint8Array)[],
  make: () => Uint8Array,
): string {
  const hash = createHash("sha256");
  // With their lengths: no two lists of ingredients are the same bytes.
  for (const each of ingredients) hash.update(`${each.length} `).update(each);
  const madeOf = hash.digest("hex");
  if (isMadeOf(target, madeOf)) return target;
  const archive = make();
  const sha256 = sha256Of(archive);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, archive);
  writeFileSync(`${target}.sha256`, `${sha256}  ${basename(target)}\n`);
  writeFileSync(`${target}.made-of`, `${madeOf} ${sha256}\n`);
  return target;
}

function isMadeOf(target: string, madeOf: string): boolean {
  if (!existsSync(target) || !existsSync(`${target}.made-of`)) return false;
  const [of, sha256] = readFileSync(`${target}.made-of`, "utf8").trim().split(" ");
  return of === madeOf && sha256Of(readFileSync(target)) === sha256;
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
