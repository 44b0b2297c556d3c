/** Writes proto/gen from proto/salvo. With --check it only compares, and fails when the committed files are stale. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const proto = join(import.meta.dirname, "../proto");
const committed = join(proto, "gen");
const scratch = mkdtempSync(join(tmpdir(), "salvo-generate-"));
try {
  execFileSync("buf", ["generate", "--output", scratch], { cwd: proto, stdio: "inherit" });
  const fresh = join(scratch, "gen");
  if (process.argv.includes("--check")) {
    const stale = differences(fresh, committed);
    if (stale.length > 0) {
      console.error(`generated code is stale: ${stale.join(", ")}; run: scripts/tool pnpm generate`);
      process.exitCode = 1;
    }
  } else {
    rmSync(committed, { recursive: true, force: true });
    cpSync(fresh, committed, { recursive: true });
  }
} finally {
  rmSync(scratch, { recursive: true });
}

function differences(left: string, right: string): string[] {
  const files = (folder: string) =>
    new Map(
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8")] as const),
    );
  const [a, b] = [files(left), files(right)];
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name));
}
