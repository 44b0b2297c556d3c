import type { Fact, Signature } from "@salvo/shared/agent/domain/guard/facts.ts";
import type { Waiting } from "@salvo/shared/kernel/signal.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { RESERVED_BYTES } from "@salvo/shared/agent/domain/guard/label.ts";
import { said } from "@salvo/shared/process/answer-of.ts";
import { open } from "node:fs/promises";
import { run } from "@salvo/shared/process/run.ts";

/**
 * Where first partitions begin. When their table was wiped, what is in them is still there, and libblkid, which looks at the
 * ends of the disk, would not see it. It is where Salvo's workloads begin too, and what they write looks like nothing known.
 */
const FIRST_PARTITION = RESERVED_BYTES;

/** All that libblkid knows, at both ends of the disk and where a first partition would begin. */
export async function findSignatures(path: string, waiting: Waiting = {}): Promise<Fact<readonly Signature[]>> {
  try {
    return { value: [...(await atTheEnds(path, waiting)), ...(await atFirstPartition(path, waiting))] };
  } catch (error) {
    waiting.signal?.throwIfAborted();
    return { unknown: toSalvoError(error).message };
  }
}

/** wipefs without --all only lists, --no-act makes sure of it. */
async function atTheEnds(path: string, waiting: Waiting): Promise<Signature[]> {
  const { stdout, stderr, exitCode } = await run("wipefs", ["--no-act", "--json", path], given(waiting));
  // It prints nothing where there is nothing, and then it has nothing to complain of either.
  if (exitCode !== 0 || (stdout.trim() === "" && stderr.trim() !== ""))
    throw new Error(`wipefs failed (${said({ stderr, exitCode })})`);
  return parseSignatures(stdout);
}

async function atFirstPartition(path: string, waiting: Waiting): Promise<Signature[]> {
  const where = ["--offset", String(FIRST_PARTITION), "--output", "export"];
  const { stdout, stderr, exitCode } = await run("blkid", ["--probe", ...where, path], given(waiting));
  // 2: nothing there; also what it cannot read, so we read it ourselves. blkid(8)
  if (exitCode === 2) await readSome(path, FIRST_PARTITION);
  else if (exitCode !== 0 || stdout.trim() === "") throw new Error(`blkid failed (${said({ stderr, exitCode })})`);
  return parseProbe(stdout).map((type) => ({ type, offset: FIRST_PARTITION }));
}

const given = ({ signal }: Waiting) => (signal ? { signal } : {});

async function readSome(path: string, position: bigint): Promise<void> {
  await using file = await open(path);
  const { bytesRead } = await file.read({ buffer: Buffer.alloc(4096), position });
  if (bytesRead === 0) throw new Error(`nothing could be read at byte ${position}`);
}

/** Lines of NAME=value; TYPE is a file system, an array's member or the like, PTTYPE a partition table. */
export function parseProbe(text: string): string[] {
  return [...text.matchAll(/^(?:PT)?TYPE=(.+)$/gm)].map(([, type = ""]) => type);
}

/** Prints nothing at all when there are none. Throws for whatever is not understood. */
export function parseSignatures(text: string): Signature[] {
  if (text.trim() === "") return [];
  const { signatures }: { signatures?: unknown } = JSON.parse(text);
  if (!Array.isArray(signatures)) throw new Error(`wipefs printed an unknown form: ${text.slice(0, 120)}`);
  return signatures.map(({ type, offset }: { type?: unknown; offset?: unknown }) => {
    if (typeof type !== "string" || typeof offset !== "string")
      throw new Error(`wipefs printed an unknown form: ${text.slice(0, 120)}`);
    return { type, offset: BigInt(offset) };
  });
}
