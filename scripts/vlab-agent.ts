/**
 * The Linux agent as one file, into the folder named, for the guests of a virtual lab: under emulation the sources of this
 * checkout take three times as long to load. It is run once with each command's modules, so that V8's cache of compiled code is there too.
 */
import { execFileSync } from "node:child_process";
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
execFileSync(process.execPath, [join(folder, main.name), "--version"], {
  env: { ...process.env, NODE_COMPILE_CACHE: join(folder, "compile-cache") },
  stdio: ["ignore", "ignore", "inherit"],
});
console.log(join(folder, main.name));
