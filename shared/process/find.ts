import { errnoOf } from "../kernel/errno.ts";
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { SalvoError } from "../kernel/error.ts";

/**
 * The file that a command means: a path as it is (relative to `cwd`), a bare name looked up in `searchPath`, which is
 * $PATH. Throws `not-found` or `refused`. Windows' own rules for finding programs are left to Windows: there the command
 * comes back as it is.
 */
export async function findProgram(command: string, searchPath: string, cwd = "."): Promise<string> {
  if (process.platform === "win32") return command;
  if (command.includes("/")) {
    const path = resolve(cwd, command);
    const verdict = await judge(path);
    if (verdict === "program") return path;
    if (verdict === "missing")
      throw new SalvoError("not-found", `there is no program ${path}`, { remedy: "Check the path, or install it" });
    throw new SalvoError("refused", `${path} cannot be executed by this user`, {
      remedy: "It must be a file with execute permission",
    });
  }
  for (const folder of searchPath.split(delimiter)) {
    const path = join(folder, command);
    if (folder !== "" && (await judge(path)) === "program") return path;
  }
  throw new SalvoError("not-found", `the program ${command} is in no folder of PATH (${searchPath})`, {
    remedy: `Install ${command}, or name it by its full path`,
  });
}

async function judge(path: string): Promise<"program" | "missing" | "not executable"> {
  try {
    if (!(await stat(path)).isFile()) return "not executable";
  } catch (error) {
    const code = errnoOf(error);
    return code === "ENOENT" || code === "ENOTDIR" ? "missing" : "not executable";
  }
  try {
    await access(path, constants.X_OK);
    return "program";
  } catch {
    return "not executable";
  }
}
