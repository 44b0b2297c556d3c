import { status as Status } from "@grpc/grpc-js";
import type { ErrorKind } from "@salvo/shared/kernel/error.ts";

/** The one table. Each kind has a status of its own, so that other gRPC clients can tell them apart too. */
export const STATUS_OF_KIND = {
  "invalid-input": Status.INVALID_ARGUMENT,
  "not-found": Status.NOT_FOUND,
  "wrong-state": Status.FAILED_PRECONDITION,
  refused: Status.PERMISSION_DENIED,
  unavailable: Status.UNAVAILABLE,
  timeout: Status.DEADLINE_EXCEEDED,
  cancelled: Status.CANCELLED,
  "out-of-resources": Status.RESOURCE_EXHAUSTED,
  "program-failed": Status.ABORTED,
  corrupt: Status.DATA_LOSS,
  internal: Status.INTERNAL,
} as const satisfies Record<ErrorKind, Status>;

/** Statuses that no kind sends. */
const KIND_OF_OTHER_STATUS: ReadonlyMap<Status, ErrorKind> = new Map([
  [Status.UNKNOWN, "internal"],
  [Status.ALREADY_EXISTS, "wrong-state"],
  [Status.OUT_OF_RANGE, "invalid-input"],
  [Status.UNIMPLEMENTED, "refused"],
  [Status.UNAUTHENTICATED, "refused"],
]);

const KIND_OF_STATUS: ReadonlyMap<Status, ErrorKind> = new Map([
  ...KIND_OF_OTHER_STATUS,
  // Object.entries widens its keys to string; they are the table's.
  ...Object.entries(STATUS_OF_KIND).map(([kind, code]) => [code, kind as ErrorKind] as const),
]);

/** The kind that a status means by itself. One that gRPC does not define means nothing: `internal`. */
export function kindOfStatus(code: Status): ErrorKind {
  return KIND_OF_STATUS.get(code) ?? "internal";
}
