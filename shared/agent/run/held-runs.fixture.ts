/** Recovers the runs of an agent in a process of its own, which may be given limits: FOLDER. Prints what is held as JSON. */
import { systemClock } from "../../kernel/time.ts";
import { recoverRuns } from "./held-runs.ts";

const [folder = ""] = process.argv.slice(2);
const found: Record<string, object> = {};
for (const [run, { status, journal }] of await recoverRuns(folder, systemClock, { warn() {} })) {
  const { outcome, reason, started, lastSeq } = status;
  found[run] = { outcome, reason, started, lastSeq, read: (await journal.read(1, lastSeq)).length };
}
process.stdout.write(JSON.stringify(found));
