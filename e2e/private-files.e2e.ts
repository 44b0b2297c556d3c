/** What other users of a host can read of a lab, and what they can put in our way. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startLab } from "./lab.ts";

let earlier: number;
beforeAll(() => {
  earlier = process.umask(0); // what is private must not depend on it
});
afterAll(() => {
  process.umask(earlier);
});

/** Files and folders below the folder that others can reach and read, or write to. */
function openToOthers(folder: string): string[] {
  // A folder that others may not enter hides all that is in it.
  const hidden = ["-type", "d", "!", "-perm", "/011", "-prune"];
  const args = [folder, "-mindepth", "1", ...hidden, "-o", "!", "-type", "l", "-perm", "/066", "-print"];
  return execFileSync("find", args, { encoding: "utf8" }).split("\n").filter(Boolean);
}

test("nothing in the folders of controller, lab and agent is readable by others, also where the folder itself is", async () => {
  await using lab = await startLab({ agents: 1 });
  mkdirSync(lab.dataDir, { recursive: true });
  chmodSync(lab.dataDir, 0o755);
  const ran = await lab.runStudy({});
  expect(ran.runs).toHaveLength(1);
  expect(openToOthers(lab.dataDir)).toEqual([]);
  for (const { dataDir } of lab.agents) {
    chmodSync(dataDir, 0o755);
    expect(openToOthers(dataDir)).toEqual([]);
  }

  const home = join(lab.folder, "made");
  mkdirSync(home, { mode: 0o755 });
  const made = await lab.salvo(["init", home, "--name", "made"]);
  expect(made.exitCode).toBe(0);
  expect(made.stdout.trim()).toBe(join(home, "lab.yaml"));
  expect(openToOthers(home)).toEqual([]);
});
