import { errnoOf } from "./errno.ts";

/**
 * What kind of thing went wrong. Closed: each kind has one gRPC status (shared/rpc/status.ts) and one exit code
 * (exit.ts).
 */
export type ErrorKind =
  /** The caller's input is wrong: a file, a flag, a message. */
  | "invalid-input"
  /** The thing named does not exist. */
  | "not-found"
  /** The request is well formed, but not in the present state. */
  | "wrong-state"
  /** Refused on purpose: a device that is not listed, a second controller. */
  | "refused"
  /** A peer, or a device, cannot be reached, went away or fails. */
  | "unavailable"
  /** It took longer than it may. */
  | "timeout"
  /** Stopped because somebody asked for it. */
  | "cancelled"
  /** Disk full, too many open files, a message over its limit. */
  | "out-of-resources"
  /** A program that we run did not do its job: fio, nats-server. */
  | "program-failed"
  /** Stored data is not what was written. */
  | "corrupt"
  /** A bug in Salvo. */
  | "internal";

export interface ErrorFacts {
  /** The host or agent it happened on. */
  readonly host?: string;
  /** The file, and the place in it. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** What the person can do next; a sentence. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** The only error that Salvo throws on purpose. The message says what failed, on which thing, and why. */
export class SalvoError extends Error {
  override readonly name = "SalvoError";
  readonly kind: ErrorKind;
  readonly host: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly remedy: string | undefined;

  constructor(kind: ErrorKind, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.kind = kind;
    this.host = facts.host;
    this.file = facts.file;
    this.line = facts.line;
    this.column = facts.column;
    this.remedy = facts.remedy;
  }

  /** One text for a person: place, message, remedy. */
  describe(): string {
    const place = [
      this.host,
      this.file && [this.file, this.line, this.column].filter((part) => part !== undefined).join(":"),
    ].filter(Boolean);
    const where = place.join(" ");
    // A list of mistakes begins each of its lines with its own place.
    const named = this.message.startsWith(where) || this.message.startsWith(`agent ${where} `);
    const head = where === "" || named ? this.message : `${where}: ${this.message}`;
    return this.remedy ? `${head}. ${this.remedy}` : head;
  }
}

const KIND_OF_ERRNO: Readonly<Record<string, ErrorKind>> = {
  EIO: "unavailable",
  EISDIR: "invalid-input",
  ENOTDIR: "invalid-input",
  ENAMETOOLONG: "invalid-input",
  EBUSY: "unavailable",
  ENOSPC: "out-of-resources",
  EDQUOT: "out-of-resources",
  EFBIG: "out-of-resources",
  EMFILE: "out-of-resources",
  ENFILE: "out-of-resources",
  ENOMEM: "out-of-resources",
  ENOENT: "not-found",
  EACCES: "refused",
  EPERM: "refused",
  EROFS: "refused",
  ECONNREFUSED: "unavailable",
  ECONNRESET: "unavailable",
  EPIPE: "unavailable",
  EHOSTUNREACH: "unavailable",
  ENETUNREACH: "unavailable",
  ENOTFOUND: "unavailable",
  ETIMEDOUT: "timeout",
};

/** Makes a SalvoError of whatever was caught; what has no better kind is a bug and becomes `internal`. */
export function toSalvoError(caught: unknown, facts: ErrorFacts = {}): SalvoError {
  if (caught instanceof SalvoError) return caught;
  // Why it was left, not what then failed in tidying up. By its name: Node 22 does not know the class.
  if (caught instanceof Error && caught.name === "SuppressedError" && "suppressed" in caught)
    return toSalvoError(caught.suppressed, facts);
  const message = caught instanceof Error ? caught.message : String(caught);
  const errno = errnoOf(caught);
  return new SalvoError(KIND_OF_ERRNO[errno] ?? "internal", message, { cause: caught, ...facts });
}
