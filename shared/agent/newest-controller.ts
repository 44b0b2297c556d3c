/** A controller's certificate that was replaced is worth nothing any more, from the first call of the new one on. */
import { readFileSync, writeFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { SalvoError, toSalvoError } from "../kernel/error.ts";

const FILE = "controller-since";

/**
 * Throws `refused` for a certificate that is older than the newest seen. Only the lab's CA can make a newer one, so a
 * thief of the controller's certificate cannot move the bar; the bar outlives restarts of the agent.
 */
export function newestController(folder: string): (sinceMs: number) => void {
  const file = join(folder, FILE);
  let newestMs = readBar(file);
  return (sinceMs) => {
    if (sinceMs < newestMs)
      throw new SalvoError("refused", "this certificate of the controller was replaced by a newer one", {
        remedy: "Use the lab's folder as it is now; salvo controller renew has made another certificate there",
      });
    if (sinceMs === newestMs) return;
    // Seldom: once for each certificate of the controller. Before it is served, so that no crash forgets it.
    try {
      writeFileSync(`${file}.new`, `${sinceMs}\n`, { mode: 0o600, flush: true });
      renameSync(`${file}.new`, file);
    } catch (error) {
      throw toSalvoError(error, { file });
    }
    newestMs = sinceMs;
  };
}

function readBar(file: string): number {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const known = toSalvoError(error, { file });
    if (known.kind === "not-found") return 0; // nobody has called yet
    throw known;
  }
  if (/^\d{1,15}\n$/.test(text)) return Number(text);
  throw new SalvoError("corrupt", "this does not say since when the controller's certificate is in force", {
    file,
    remedy: "Join the lab anew",
  });
}
