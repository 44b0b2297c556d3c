/** One program of this workspace as files that run from any folder, with no package beside them. */
import { join } from "node:path";
import { build as bundle, type Plugin } from "esbuild";

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
  /** The compiled half of @node-rs/crc32 for the host that it is for. It is put beside the program, which loads it from there. */
  readonly crc32: Uint8Array;
}

const CRC32 = "crc32.node";
const root = join(import.meta.dirname, "..");

/** The same input gives the same bytes. Packages' own `require`s keep working, and stacks keep their names. */
export async function bundleProgram({ entry, name, target, crc32 }: BundleOptions): Promise<BundledFile[]> {
  const { outputFiles, warnings } = await bundle({
    entryPoints: [entry],
    bundle: true,
    platform: "node",
    format: "esm",
    target,
    write: false,
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
    plugins: [besideTheProgram],
    logLevel: "silent",
  });
  const [program] = outputFiles;
  if (!program || warnings.length > 0) throw new Error(`${entry}: ${warnings.map(({ text }) => text).join("; ")}`);
  return [
    { name: `${name}.mjs`, bytes: program.contents },
    { name: CRC32, bytes: crc32 },
  ];
}

/** What is compiled cannot be part of a script. */
const besideTheProgram: Plugin = {
  name: "beside the program",
  setup(build) {
    build.onResolve({ filter: /^@node-rs\/crc32$/ }, ({ path }) => ({ path, namespace: "beside" }));
    build.onLoad({ filter: /.*/, namespace: "beside" }, () => ({
      contents: `import { createRequire } from "node:module";
        export const { crc32c } = createRequire(import.meta.url)("./${CRC32}");`,
      loader: "js",
    }));
    // Optional in systeminformation, and for other operating systems.
    build.onResolve({ filter: /^osx-temperature-sensor$/ }, ({ path }) => ({ path, external: true }));
  },
};
