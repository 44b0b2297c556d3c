import { mkdir } from "node:fs/promises";
import { type HeldFolder, holdFolder } from "@salvo/shared/process/hold-folder.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { openRunsFolder } from "./layout.ts";

/** One controller a data folder: throws `refused`, with the pid and host of the controller that has it. */
export async function openDataFolder(path: string): Promise<HeldFolder> {
  await using held = new AsyncDisposableStack();
  const folder = held.use(await holdFolder(path, "controller"));
  try {
    await mkdir(openRunsFolder(folder.path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw toSalvoError(error, { file: folder.path, remedy: "Give a data folder that this user can write to" });
  }
  held.move();
  return folder;
}
