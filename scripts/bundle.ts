/**
 * Builds what is put on lab hosts into dist/: for each agent an archive with its own Node, and the archive's sha256 beside it.
 * An archive that was made of the same files is left as it is. Prints the paths.
 */
import { bundleLinuxAgent } from "./bundle-linux.ts";

for (const path of [await bundleLinuxAgent()]) console.log(path);
