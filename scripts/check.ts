/** Everything that can be known without starting the product: generated code, lint, format, types, unit and simulation tests. */
import { spawnSync } from "node:child_process";

const steps: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ["proto lint", "buf", "lint", "proto"],
  ["proto format", "buf", "format", "proto", "--diff", "--exit-code"],
  ["generated code", process.execPath, "scripts/generate.ts", "--check"],
  ["types", "tsc"],
  ["types of the page", "tsc", "-p", "controller/web/page"],
  ["lint", "oxlint", "--type-aware", "--deny-warnings"],
  ["format", "oxfmt", "--check"],
  ["prose", process.execPath, "scripts/prose.ts"],
  ["tests", "vitest", "run", "--project", "unit"],
];

for (const [name, command, ...args] of steps) {
  const began = performance.now();
  const { status, error } = spawnSync(command, args, { stdio: "inherit" });
  if (error) throw error;
  if (status !== 0) {
    console.error(`check: ${name} failed (${[command, ...args].join(" ")})`);
    process.exit(1);
  }
  console.error(`check: ${name} ok, ${((performance.now() - began) / 1000).toFixed(1)} s`);
}
