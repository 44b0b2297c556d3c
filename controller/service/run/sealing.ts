import type { Manifest } from "@salvo/proto/run_pb.ts";
import { sealRun } from "../seal.ts";
import { factsOf } from "../run-facts.ts";
import type { Course } from "./course.ts";
import type { OpenRun } from "./deps.ts";

/** Makes the archive of what is here and known. Throws what the disk says; sealing again gives the same files. */
export async function seal(run: OpenRun, { state, descriptions }: Course): Promise<Manifest> {
  const { dataDir, spool, spec, begin, log, version } = run;
  await spool.flush();
  const facts = factsOf(state, begin, [...descriptions.values()], log.notes);
  return sealRun({ dataDir, spool, spec, facts, salvoVersion: version, time: state.seals + 1 });
}
