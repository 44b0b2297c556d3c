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
  /** The compiled half of koffi for the host that the bundle is for, where the program uses it; put beside the program too. */
  readonly koffi?: Uint8Array;
  /** Folders of packages that are put beside the program, such as Node. */
  readonly beside: readonly string[];
}

export const LICENCES = "LICENSES.txt";

const CRC32 = "crc32.node";
const IS_CRC32 = /^@node-rs\/crc32$/;
const KOFFI = "koffi.node";
const root = join(import.meta.dirname, "..");

/** The same input gives the same bytes. Packages' own `require`s keep working, and stacks keep their names. */
export async function bundleProgram(options: BundleOptions): Promise<BundledFile[]> {
  const { entry, name, target, crc32, koffi, beside } = options;
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
    plugins: [optionalPackages, koffiBeside, "source" in crc32 ? crc32From(crc32.source) : crc32Beside],
    logLevel: "silent",
  });
  const [program] = outputFiles;
  if (!program || warnings.length > 0) throw new Error(`${entry}: ${warnings.map(({ text }) => text).join("; ")}`);
  const packages = [...bundledPackages(Object.keys(metafile.inputs), root), ...beside.map(packageIn)];
  return [
    { name: `${name}.mjs`, bytes: program.contents },
    { name: LICENCES, bytes: Buffer.from(licencesText(packages)) },
    ...("compiled" in crc32 ? [{ name: CRC32, bytes: crc32.compiled }] : []),
    ...(koffi ? [{ name: KOFFI, bytes: koffi }] : []),
  ];
}

/** What is compiled cannot be part of a script. */
const crc32Beside = compiledBeside(IS_CRC32, CRC32, "export const { crc32c } = compiled();");

/**
 * koffi itself also looks for its half in folders above the program's, which on Windows any user can make. It is loaded at the first
 * use, so that a program which lacks it can say so.
 */
const koffiBeside = compiledBeside(/^koffi$/, KOFFI, "export default { load: (...all) => compiled().load(...all) };");

function compiledBeside(filter: RegExp, file: string, exported: string): Plugin {
  return {
    name: `${file} beside the program`,
    setup(build) {
      build.onResolve({ filter }, ({ path }) => ({ path, namespace: file }));
      build.onLoad({ filter: /.*/, namespace: file }, () => ({
        contents: `import { createRequire } from "node:module";
          const compiled = () => createRequire(import.meta.url)("./${file}");
          ${exported}`,
        loader: "js",
      }));
    },
  };
}

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
