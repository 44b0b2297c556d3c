import { SalvoError } from "../kernel/error.ts";

const SECRET = /(token|secret|password|key)$/i;
const DEPTH_MAX = 8;

/**
 * A copy of a logged value that JSON can hold and a person may see: bigints as text (a JSON number is exact only to 2^53),
 * bytes by their number, errors by their facts, and nothing under a key that ends in token, secret, password or key.
 */
export function presentable(value: unknown, depth = 0): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (depth >= DEPTH_MAX) return "[too deep]";
  if (value instanceof Error) return errorFacts(value, depth);
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.map((item) => presentable(item, depth + 1));
  if (value instanceof Map || value instanceof Set) return presentable([...value], depth);
  return presentableEntries(value, depth + 1);
}

export function presentableEntries(value: object, depth = 0): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, SECRET.test(key) ? "[redacted]" : presentable(item, depth)]),
  );
}

/** A stack helps only with a bug. */
function errorFacts(error: Error, depth: number): unknown {
  const cause = error.cause === undefined ? undefined : presentable(error.cause, depth + 1);
  if (!(error instanceof SalvoError)) return { type: error.name, message: error.message, stack: error.stack, cause };
  const { kind, message, host, file, line, column, remedy } = error;
  return { kind, message, host, file, line, column, remedy, cause, ...(kind === "internal" && { stack: error.stack }) };
}
