/** The licence texts of what a bundle contains: whoever gets the program also gets these. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One package whose code is in a bundle. */
export interface Bundled {
  readonly name: string;
  readonly version: string;
  /** As the package's own package.json names it, such as `MIT`. */
  readonly licence: string;
  /** The package's licence and notice files; empty when the package brings none. */
  readonly texts: readonly string[];
}

const PACKAGE = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;
const IS_TEXT = /^(licen[cs]e|copying|notice)([-._].*)?$/i;

/** The packages of the files that esbuild put into a bundle; paths are relative to the root. Ascending by name. */
export function bundledPackages(inputs: readonly string[], root: string): Bundled[] {
  const folders = new Set(inputs.flatMap((path) => PACKAGE.exec(`/${path}`)?.[0].slice(1) ?? []));
  return [...folders].map((folder) => packageIn(join(root, folder))).toSorted((a, b) => compare(a.name, b.name));
}

/** Throws when the folder's package.json does not name a licence. */
export function packageIn(folder: string): Bundled {
  const manifest: { name?: string; version?: string; license?: string } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  const { name, version, license } = manifest;
  if (!name || !version || !license) throw new Error(`${folder}/package.json: no name, version or licence`);
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => IS_TEXT.test(file)) : [];
  const texts = files.toSorted(compare).map((file) => readFileSync(join(folder, file), "utf8").trim());
  return { name, version, licence: license, texts };
}

/** LICENSES.txt. Packages without a text of their own are listed with the name of their licence. */
export function licencesText(packages: readonly Bundled[]): string {
  const sections = packages.map(({ name, version, licence, texts }) =>
    [
      `${name} ${version} (${licence})`,
      ...(texts.length > 0 ? texts : ["The package brings no text of its own."]),
    ].join("\n\n"),
  );
  return `Salvo contains code of these projects.\n\n${sections.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
