import { loadLab } from "@salvo/shared/config/files.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import { parseTag } from "../domain/run-filter.ts";
import { planStudyFile } from "../service/study/plan.ts";
import { runStudy } from "../service/study/runner.ts";
import type { Io } from "./io.ts";
import { planText } from "./plan-text.ts";
import { placeOf } from "./study-place.ts";
import { showStudy, stopStudy } from "./study-show.ts";

export interface RunCommand {
  readonly study: string;
  readonly lab: string;
  readonly data: string;
  readonly seconds?: number;
  readonly repeats?: number;
  readonly only?: string;
  readonly json?: boolean;
  readonly tag?: readonly string[];
  readonly plan?: boolean;
}

export async function runStudyFile(
  { study: studyFile, lab: labFile, data, json = false, plan = false, tag = [], ...choice }: RunCommand,
  io: Io,
): Promise<number> {
  const { message: lab } = await loadLab(labFile);
  const tags = Object.fromEntries(tag.map(parseTag));
  const { specs, placeOf: places } = await planStudyFile(studyFile, { lab, now: new Date(), tags, ...choice });
  if (plan) {
    io.stdout.write(planText(specs, { data }));
    return EXIT.ok.code;
  }
  using stop = stopStudy(io);
  const place = await placeOf(labFile, lab, { data, signal: stop.signal });
  const { exitCode } = await showStudy(runStudy(specs, { ...place, placeOf: places }), { io, json });
  return exitCode;
}
