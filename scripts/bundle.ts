/**
 * Builds what is put on lab hosts into dist/: for each agent an archive with its own Node, and the archive's sha256 beside it.
 * An archive that was made of the same files is left as it is. Prints the paths. With names (`linux`) it builds only those.
 */
import { bundleLinuxAgent } from "./bundle-linux.ts";
import { bundleWindowsAgent } from "./bundle-windows.ts";

const BUNDLES: Readonly<Record<string, () => Promise<string>>> = {
  linux: () => bundleLinuxAgent(),
  windows: () => bundleWindowsAgent(),
};

const named = process.argv.slice(2);
for (const [name, bundle] of Object.entries(BUNDLES))
  if (named.length === 0 || named.includes(name)) console.log(await bundle());
