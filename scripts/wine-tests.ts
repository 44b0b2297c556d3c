/** The tests of the Windows agent under Wine: part of `npm test` where the set-up could install Wine and build fio for Windows. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

const hasWine = spawnSync("wine", ["--version"], { stdio: "ignore" }).status === 0;
const hasFio = existsSync(join(root, ".toolchain", "fio-windows", "fio.exe"));
if (hasWine && hasFio) {
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const args = [vitest, "run", "--project", "wine", ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status ?? 1;
} else {
  const missing = hasWine ? ".toolchain/fio-windows/fio.exe" : "wine";
  process.stderr.write(`skipped: the tests of the Windows agent, as ${missing} is missing. Type: scripts/setup test\n`);
}
