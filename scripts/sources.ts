/** The project's own TypeScript, as scripts/tidy.test.ts looks at it. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..");

export interface Source {
  /** From the project's root. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly imports: readonly Import[];
  /** For tests, and so free to know anybody. */
  readonly forTests: boolean;
}

export interface Import {
  /** As it is written: a package, or a path. */
  readonly from: string;
  /** The project's own file that it names, from the root; undefined for packages of others. */
  readonly path: string | undefined;
}

/** What git knows of and generated code is not. */
export function readSources(): Source[] {
  const listed = execFileSync("git", ["ls-files", "-z", "*.ts"], { cwd: root, encoding: "utf8" });
  return listed
    .split("\0")
    .filter((path) => path !== "" && !path.startsWith("proto/gen/") && existsSync(join(root, path)))
    .map((path) => sourceOf(path, readFileSync(join(root, path), "utf8")));
}

export function sourceOf(path: string, text: string): Source {
  return {
    path,
    text,
    lines: text.trimEnd().split("\n"),
    imports: [
      ...text.matchAll(/^(?:import|export)\b[^"';]*["']([^"']+)["']/gm),
      ...text.matchAll(/\bimport\("([^"]+)"\)/g),
    ].map(([, from = ""]) => ({ from, path: ownPath(path, from) })),
    forTests:
      path === "vitest.config.ts" ||
      /\.(test|e2e|wine|fixture)\.ts$/.test(path) ||
      /^(e2e|bench|docs|scripts|shared\/testing)\//.test(path) ||
      /\/(simulation|example[^/]*)(\/|\.ts$)/.test(path),
  };
}

function ownPath(importer: string, from: string): string | undefined {
  if (from.startsWith(".")) return join(dirname(importer), from);
  return from.startsWith("@salvo/") ? from.slice("@salvo/".length) : undefined;
}

/** Lines, from 1, with a type assertion or a non-null assertion: what is checked by nobody. `as const` is none. */
export function assertionLines({ path, text }: Source): number[] {
  // What Node blanks out is type syntax and nothing else: strings and comments stay as they are.
  const plain = stripTypeScriptTypes(text, { mode: "strip", sourceUrl: path });
  const withoutComments = text.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, (comment) =>
    comment.replaceAll(/./g, " "),
  );
  const found = [...withoutComments.matchAll(/\bas\s+(?!const\b)|[\w\])]!(?=[^=]|=[^=])/g)].flatMap(
    ({ index, 0: match }) => {
      const at = match.startsWith("as") ? index : index + match.length - 1;
      const isType = plain[at] !== text[at];
      return isType && !isWithinImport(text, at) ? [text.slice(0, at).split("\n").length] : [];
    },
  );
  return [...new Set(found)];
}

/** `import type { a as b }` is blanked out as well. */
function isWithinImport(text: string, at: number): boolean {
  const statement = text.slice(Math.max(text.lastIndexOf(";", at), text.lastIndexOf("\nimport ", at), 0), at);
  return /^\s*;?\s*(import|export)\b[^=]*$/.test(statement);
}

/** Without comments. */
export function codeOf({ text }: Source): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "");
}
