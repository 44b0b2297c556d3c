import { SalvoError } from "../kernel/error.ts";

export interface FioVersion {
  readonly major: number;
  readonly minor: number;
}

/** All of shared/fio is proven with 3.33 (Debian 12); nobody has tried anything older than this. */
const OLDEST: FioVersion = { major: 3, minor: 30 };

/** Reads `fio --version`: "fio-3.33", or "fio-3.33-12-gabc1234" of a build between releases. Throws program-failed. */
export function parseFioVersion(text: string): FioVersion {
  const [, major, minor] = /^fio-(\d+)\.(\d+)(?:[.-][\w.-]+)?$/.exec(text.trim()) ?? [];
  if (major === undefined || minor === undefined) {
    throw new SalvoError(
      "program-failed",
      `fio --version said ${JSON.stringify(text.slice(0, 80))}, which is no fio version`,
      {
        remedy: "Set `fio` in agent.yaml to the path of a fio program",
      },
    );
  }
  return { major: Number(major), minor: Number(minor) };
}

/** Throws refused when the version is older than Salvo can use. */
export function requireFioVersion(version: FioVersion): void {
  if (isAtLeast(version, OLDEST)) return;
  throw new SalvoError("refused", `fio ${version.major}.${version.minor} is too old`, {
    remedy: `Install fio ${OLDEST.major}.${OLDEST.minor} or newer, or set \`fio\` in agent.yaml to the path of one`,
  });
}

function isAtLeast(version: FioVersion, other: FioVersion): boolean {
  return version.major > other.major || (version.major === other.major && version.minor >= other.minor);
}
