/** One program of this workspace as files that run from any folder, with no package beside them. */
import { join } from "node:path";
import { build as bundle, type Plugin } from "esbuild";
import { bundledPackages, licencesText, packageIn } from "./bundle-licences.ts";

export interface BundledFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface BundleOptions {
  /** Its first file. */
  readonly entry: string;
  /** `<name>.mjs` is what comes out. */
  readonly name: string;
  /** Of esbuild: `node24`; with an older one, newer syntax is lowered. */
  readonly target: string;
  /**
   * In place of @node-rs/crc32, which is compiled: its compiled half for the host that it is for, which is put beside the program
   * and loaded from there, or a source file with the same function.
   */
  readonly crc32: { readonly compiled: Uint8Array } | { readonly source: string };
  /** Folders of packages that are put beside the program, such as Node. */
  readonly beside: readonly string[];
}

export const LICENCES = "LICENSES.txt";

const CRC32 = "crc32.node";
const IS_CRC32 = /^@node-rs\/crc32$/;
const root = join(import.meta.dirname, "..");

/** The same input gives the same bytes. Packages' own `require`s keep working, and stacks keep their names. */
export async function bundleProgram({ entry, name, target, crc32, beside }: BundleOptions): Promise<BundledFile[]> {
  const { outputFiles, metafile, warnings } = await bundle({
    entryPoints: [entry],
    bundle: true,
    platform: "node",
    format: "esm",
    target,
    write: false,
    metafile: true,
    // Names stay: a stack in a log is for people.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "eof",
    charset: "utf8",
    absWorkingDir: root,
    // What CommonJS packages expect of Node, and modules do not have.
    banner: {
      js: 'import { createRequire as salvoRequire } from "node:module"; const require = salvoRequire(import.meta.url);',
    },
    plugins: [optionalPackages, "source" in crc32 ? crc32From(crc32.source) : crc32Beside],
    logLevel: "silent",
  });
  const [program] = outputFiles;
  if (!program || warnings.length > 0) throw new Error(`${entry}: ${warnings.map(({ text }) => text).join("; ")}`);
  const packages = [...bundledPackages(Object.keys(metafile.inputs), root), ...beside.map(packageIn)];
  return [
    { name: `${name}.mjs`, bytes: program.contents },
    { name: LICENCES, bytes: Buffer.from(licencesText(packages)) },
    ...("compiled" in crc32 ? [{ name: CRC32, bytes: crc32.compiled }] : []),
  ];
}

/** What is compiled cannot be part of a script. */
const crc32Beside: Plugin = {
  name: "crc32 beside the program",
  setup(build) {
    build.onResolve({ filter: IS_CRC32 }, ({ path }) => ({ path, namespace: "beside" }));
    build.onLoad({ filter: /.*/, namespace: "beside" }, () => ({
      contents: `import { createRequire } from "node:module";
        export const { crc32c } = createRequire(import.meta.url)("./${CRC32}");`,
      loader: "js",
    }));
  },
};

const crc32From = (path: string): Plugin => ({
  name: "crc32 of a source file",
  setup: (build) => build.onResolve({ filter: IS_CRC32 }, () => ({ path })),
});

const optionalPackages: Plugin = {
  name: "packages that need not be there",
  setup(build) {
    // Optional in systeminformation, and for other operating systems.
    build.onResolve({ filter: /^osx-temperature-sensor$/ }, ({ path }) => ({ path, external: true }));
  },
};
