import { loadLab, loadStudy } from "@salvo/shared/config/files.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import { parseTag } from "../domain/run-filter.ts";
import { devicePlaces } from "../domain/study-places.ts";
import { planStudy } from "../service/study/plan.ts";
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
  const [study, lab] = await Promise.all([loadStudy(studyFile), loadLab(labFile)]);
  const specs = planStudy({
    study: study.message,
    lab: lab.message,
    refuse: (violations) => study.refuse(violations),
    now: new Date(),
    text: study.text,
    tags: Object.fromEntries(tag.map(parseTag)),
    ...choice,
  });
  if (plan) {
    io.stdout.write(planText(specs, { data }));
    return EXIT.ok.code;
  }
  using stop = stopStudy(io);
  const place = await placeOf(labFile, lab.message, { data, signal: stop.signal });
  const { exitCode } = await showStudy(runStudy(specs, { ...place, placeOf: devicePlaces(study) }), { io, json });
  return exitCode;
}
