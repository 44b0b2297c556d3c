/** Windows programs without Windows: Wine (Debian: wine, wine64), with a Windows 10 of its own that goes with the test. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";

const START_MS = 60_000;

export interface Wine extends AsyncDisposable {
  start(program: string, args: readonly string[], options: { readonly cwd: string }): WindowsProgram;
}

export interface WindowsProgram {
  readonly ended: Promise<{ readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }>;
  /** The first match on its standard output; throws what it said when it ends, or is silent for too long, without. */
  printed(pattern: RegExp): Promise<string>;
  /** As Task Scheduler ends a task: without a word. */
  kill(): void;
}

export async function startWine(): Promise<Wine> {
  const folder = await mkdtemp(join(tmpdir(), "salvo-wine-"));
  const env = { ...process.env, WINEPREFIX: join(folder, "prefix"), WINEDEBUG: "-all", SALVO_LOG: "debug" };
  const wine = (...args: string[]) => execFileSync("wine", args, { env, stdio: "ignore", timeout: START_MS });
  wine("wineboot", "-i");
  wine("winecfg", "-v", "win10"); // Node asks for it
  let programs = 0;

  return {
    start(program, args, { cwd }) {
      // Into files: a pipe that is inherited is no standard output for Node under Wine.
      const files = ["stdout", "stderr"].map((name) => join(folder, `${programs}-${name}`));
      programs++;
      const outputs = files.map((file) => openSync(file, "w"));
      const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", "wine", program, ...args], {
        cwd,
        env,
        stdio: ["ignore", ...outputs],
      });
      outputs.forEach(closeSync);
      const said = () => {
        const [stdout = "", stderr = ""] = files.map((file) => readFileSync(file, "utf8"));
        return { stdout, stderr };
      };
      let running = true;
      child.once("exit", () => (running = false));
      return {
        ended: once(child, "exit").then(([exitCode]: (number | null)[]) => ({ exitCode: exitCode ?? null, ...said() })),
        printed: (pattern) =>
          vi.waitUntil(
            () => {
              const found = pattern.exec(said().stdout)?.[0];
              if (found === undefined && !running) throw new Error(`ended without ${pattern}: ${said().stderr}`);
              return found;
            },
            { timeout: START_MS, interval: 50 },
          ),
        kill: () => void child.kill("SIGKILL"),
      };
    },
    async [Symbol.asyncDispose]() {
      // Its server ends all programs of this prefix, and of no other.
      execFileSync("wineserver", ["-k"], { env });
      execFileSync("wineserver", ["-w"], { env, timeout: START_MS });
      await rm(folder, { recursive: true, force: true });
    },
  };
}
