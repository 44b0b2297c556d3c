/**
 * Builds what is put on lab hosts into dist/: for each agent an archive with its own Node, and the archive's sha256 beside it.
 * An archive that was made of the same files is left as it is. Prints the paths.
 */
import { bundleLinuxAgent } from "./bundle-linux.ts";
import { bundleWindowsAgent } from "./bundle-windows.ts";

for (const bundle of [bundleLinuxAgent, bundleWindowsAgent]) console.log(await bundle());
