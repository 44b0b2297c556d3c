import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import type { Waiting } from "@salvo/shared/kernel/signal.ts";
import { answerOf } from "@salvo/shared/process/answer-of.ts";

/** What is installed: an archive of `pnpm bundle`. */
export interface Bundle {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly version: string;
  /** What hosts call it: the version and the beginning of the checksum. */
  readonly folder: string;
}

/** What scripts/bundle.ts can make. */
export type BundleOs = "linux" | "windows";

const NAMES: Readonly<Record<BundleOs, { readonly name: RegExp; readonly example: string }>> = {
  linux: {
    name: /^salvo-agent-guest-(\d+\.\d+\.\d+[\w.-]*)-linux-x64\.tar\.gz$/,
    example: "salvo-agent-guest-0.1.0-linux-x64.tar.gz",
  },
  windows: {
    name: /^salvo-agent-windows-(\d+\.\d+\.\d+[\w.-]*)-win-x64\.zip$/,
    example: "salvo-agent-windows-0.1.0-win-x64.zip",
  },
};
/** Of a checkout: whoever has only a bundle names it. */
const MAKER = fileURLToPath(new URL("../../scripts/bundle.ts", import.meta.url));
const BUNDLE_MS = 180_000;

/** Throws `invalid-input` for a file that is no archive of ours by its name, `corrupt` when its checksum beside it is another. */
export async function openBundle(file: string, os: BundleOs = "linux"): Promise<Bundle> {
  const { name, example } = NAMES[os];
  const version = name.exec(basename(file))?.[1];
  if (version === undefined)
    throw new SalvoError("invalid-input", `this is no bundle of the agent for ${os}`, {
      file,
      remedy: `Its name is like ${example}; leave --bundle out to have one made`,
    });
  const bytes = await readFile(file).catch((error: unknown) => {
    throw toSalvoError(error, { file });
  });
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const said = await readFile(`${file}.sha256`, "utf8").catch((error: unknown) => {
    const problem = toSalvoError(error, { file: `${file}.sha256` });
    if (problem.kind === "not-found") return undefined; // an archive alone is fine
    throw problem;
  });
  if (said !== undefined && !said.startsWith(sha256))
    throw new SalvoError("corrupt", "the archive is not what the checksum beside it says", {
      file,
      remedy: "Fetch or build it again",
    });
  return { file, bytes: bytes.length, sha256, version, folder: `${version}-${sha256.slice(0, 12)}` };
}

/** The bundle of this checkout; what did not change is not made again. */
export async function makeBundle(waiting: Waiting = {}, os: BundleOs = "linux"): Promise<Bundle> {
  const options = { timeoutMs: BUNDLE_MS, ...(waiting.signal && { signal: waiting.signal }) };
  return openBundle(await answerOf(process.execPath, [MAKER, os], options), os);
}
