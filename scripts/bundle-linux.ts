import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import manifest from "../agent-guest/package.json" with { type: "json" };
import { keptArchive } from "./bundle-archive.ts";
import { type BundledFile, bundleProgram } from "./bundle-program.ts";

const root = join(import.meta.dirname, "..");
const agent = join(root, "agent-guest");
const NAME = "salvo-agent-guest";
/** Where scripts/setup puts the Node that the archive gets. */
const NODE = join(root, ".toolchain", "npm", "node_modules", `node-linux-${process.arch}`);

/** What is in the archive besides the program, and its mode there. */
const FILES = [
  { from: join(agent, "deploy", "salvo-agent-guest"), mode: 0o755 },
  { from: join(agent, "deploy", "salvo-agent.service"), mode: 0o644 },
  { from: join(agent, "deploy", "host.sh"), mode: 0o755 },
] as const;

/** The agent for this machine's Linux: `dist/salvo-agent-guest-VERSION-linux-x64.tar.gz`. Gives its path. */
export async function bundleLinuxAgent(dist = join(root, "dist")): Promise<string> {
  const target = join(dist, `${NAME}-${manifest.version}-linux-${process.arch}.tar.gz`);
  const program = await linuxProgram();
  const ingredients = [
    process.version,
    readFileSync(import.meta.filename),
    ...program.flatMap(({ name, bytes }) => [name, bytes]),
  ];
  for (const { from, mode } of FILES) ingredients.push(`${basename(from)} ${mode}`, readFileSync(from));
  return keptArchive(target, ingredients, () => packed(program));
}

function packed(program: readonly BundledFile[]): Uint8Array {
  const stage = mkdtempSync(join(tmpdir(), "salvo-bundle-"));
  try {
    for (const { name, bytes } of program) put(join(stage, name), bytes, 0o644);
    for (const { from, mode } of FILES) put(join(stage, basename(from)), readFileSync(from), mode);
    copyFileSync(process.execPath, join(stage, "node"));
    chmodSync(join(stage, "node"), 0o755);
    const tar = execFileSync("tar", [...REPRODUCIBLE, "-C", stage, "-c", ...readdirSync(stage).toSorted()], {
      maxBuffer: 512 * 1024 * 1024,
    });
    return gzipSync(tar, { level: 6 });
  } finally {
    rmSync(stage, { recursive: true });
  }
}

export function linuxProgram(): Promise<BundledFile[]> {
  return bundleProgram({
    entry: join(agent, "main.ts"),
    name: NAME,
    target: "node24",
    crc32: { compiled: readFileSync(crc32File()) },
    beside: [dirname(crc32Package()), NODE],
  });
}

/** The same bytes whoever builds it, whenever. */
const REPRODUCIBLE = ["--format=gnu", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];

function put(path: string, bytes: Uint8Array, mode: number): void {
  writeFileSync(path, bytes);
  chmodSync(path, mode); // whatever the umask is
}

/** pnpm puts a package's own packages where only it finds them. */
function crc32File(): string {
  return ofCrc32().resolve(`@node-rs/crc32-linux-${process.arch}-gnu`);
}

function crc32Package(): string {
  return ofShared().resolve("@node-rs/crc32/package.json");
}

const ofShared = () => createRequire(join(root, "shared", "package.json"));
const ofCrc32 = () => createRequire(crc32Package());
