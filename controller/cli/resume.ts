import { loadLab } from "@salvo/shared/config/files.ts";
import { finishStudies } from "../service/study/runner.ts";
import type { Io } from "./io.ts";
import { placeOf } from "./study-place.ts";
import { showStudy, stopStudy } from "./study-show.ts";

export interface ResumeCommand {
  readonly lab: string;
  readonly data: string;
  readonly json?: boolean;
}

export async function resumeRuns({ lab: labFile, data, json = false }: ResumeCommand, io: Io): Promise<number> {
  const lab = await loadLab(labFile);
  using stop = stopStudy(io);
  const place = await placeOf(labFile, lab.message, { data, signal: stop.signal });
  const { foundLeft, exitCode } = await showStudy(finishStudies(place), { io, json });
  if (!foundLeft) io.stderr.write("nothing was left open\n");
  return exitCode;
}
