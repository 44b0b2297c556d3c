/**
 * The Linux agent as one file, into the folder named, for the guests of a virtual lab: under emulation the sources of this
 * checkout take 6 s to load, and this half of that. (V8's cache of compiled code spares another 4 %, and is not worth it.)
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { linuxProgram } from "./bundle-linux.ts";

const [, , folder] = process.argv;
if (folder === undefined) throw new Error("usage: vlab-agent.ts FOLDER");
mkdirSync(folder, { recursive: true });
const program = await linuxProgram();
for (const { name, bytes } of program) writeFileSync(join(folder, name), bytes);
const [main] = program;
if (!main) throw new Error("the bundle has no program");
console.log(join(folder, main.name));
