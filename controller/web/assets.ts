/** The page, made of controller/web/page: one script, one style sheet, nothing from elsewhere. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

export interface Assets {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

const PAGE = join(import.meta.dirname, "page");

export async function buildAssets(): Promise<Assets> {
  const { outputFiles } = await build({
    entryPoints: { console: join(PAGE, "main.tsx") },
    bundle: true,
    minify: true,
    write: false,
    outdir: "/",
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "inline",
  });
  const of = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? "";
  return { html: await readFile(join(PAGE, "index.html"), "utf8"), script: of(".js"), style: of(".css") };
}
