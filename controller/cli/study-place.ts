import type { Lab } from "@salvo/proto/lab_pb.ts";
import { busTls } from "../service/nats-access.ts";
import type { StudyPlace } from "../service/study/deps.ts";
import { openLabOf } from "./lab.ts";
import { cliLogger } from "./logger.ts";
import { VERSION } from "./version.ts";

/** Where the studies of a lab file run: with the keys beside it, and with the NATS that it names. */
export async function placeOf(
  labFile: string,
  lab: Lab,
  { data, signal }: { readonly data: string; readonly signal: AbortSignal },
): Promise<StudyPlace> {
  const identities = await openLabOf(labFile, lab);
  const natsTls = await busTls(lab.nats, identities);
  return { dataDir: data, lab, identities, natsTls, version: VERSION, logger: cliLogger(), signal };
}
