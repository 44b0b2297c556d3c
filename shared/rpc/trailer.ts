import type { Metadata } from "@grpc/grpc-js";
import { SalvoError, type ErrorFacts, type ErrorKind } from "@salvo/shared/kernel/error.ts";
import { STATUS_OF_KIND } from "./status.ts";

/** JSON in UTF-8: the fields of a SalvoError but its cause and stack, which stay where they are. */
const TRAILER = "salvo-error-bin";

/** Trailers are HTTP/2 headers, and peers accept 64 KiB of them in all; a text may grow fourfold on its way. */
const TEXT_LENGTH_MAX = 4096;

export function packError(error: SalvoError, trailers: Metadata): void {
  const { kind, message, host, file, line, column, remedy } = error;
  const json = JSON.stringify({ kind, message, host, file, line, column, remedy }, (_key, value: unknown) =>
    typeof value === "string" ? value.slice(0, TEXT_LENGTH_MAX).toWellFormed() : value,
  );
  trailers.set(TRAILER, Buffer.from(json));
}

/**
 * The error that the peer sent; its host is the peer's address unless the peer named another. Undefined when there is
 * none, or none that this version understands: then the status alone must do.
 */
export function unpackError(trailers: Metadata, peer: string): SalvoError | undefined {
  const [bytes] = trailers.get(TRAILER);
  if (bytes === undefined) return undefined;
  const fields = parseFields(bytes.toString());
  const { kind, message } = fields;
  if (!isKind(kind) || typeof message !== "string") return undefined;
  const facts: ErrorFacts = {
    host: typeof fields["host"] === "string" ? fields["host"] : peer,
    ...(typeof fields["file"] === "string" && { file: fields["file"] }),
    ...(typeof fields["line"] === "number" && { line: fields["line"] }),
    ...(typeof fields["column"] === "number" && { column: fields["column"] }),
    ...(typeof fields["remedy"] === "string" && { remedy: fields["remedy"] }),
  };
  return new SalvoError(kind, message, facts);
}

function isKind(value: unknown): value is ErrorKind {
  return typeof value === "string" && Object.hasOwn(STATUS_OF_KIND, value);
}

function parseFields(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {}; // Not ours after all; the status still says what is known.
  }
}
