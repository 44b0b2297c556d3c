import { Metadata, status as Status, type StatusObject } from "@grpc/grpc-js";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { oversized } from "./definition.ts";
import { kindOfStatus, STATUS_OF_KIND } from "./status.ts";
import { packError, unpackError } from "./trailer.ts";

/** What a server answers instead of a result. */
export function toStatus(error: SalvoError): StatusObject {
  const metadata = new Metadata();
  packError(error, metadata);
  // For other clients; grpc-js encodes it as a URI and throws on half a surrogate pair.
  const details = error.message.slice(0, 1024).toWellFormed();
  return { code: STATUS_OF_KIND[error.kind], details, metadata };
}

/** The call that a status ended, as an error message needs it. */
export interface EndedCall {
  readonly method: string;
  /** The peer's address. */
  readonly host: string;
  readonly deadlineMs: number | undefined;
}

/** What a client throws: the peer's own SalvoError when it sent one, else one that says what gRPC found. */
export function fromStatus(status: StatusObject, call: EndedCall): SalvoError {
  return unpackError(status.metadata, call.host) ?? fromBareStatus(status, call);
}

/** What gRPC itself, on either side, or something that is no Salvo, ended the call with. */
function fromBareStatus({ code, details }: StatusObject, { method, host, deadlineMs }: EndedCall): SalvoError {
  if (code === Status.DEADLINE_EXCEEDED) {
    const limit = deadlineMs === undefined ? "its deadline" : `${deadlineMs} ms`;
    const remedy = "Check that the host is up and not overloaded, and that its network drops nothing";
    return new SalvoError("timeout", `${method} took longer than ${limit}`, { host, remedy });
  }
  if (TRANSPORT.has(code)) {
    // Node's words for it. It may be the certificate, and it may be this host's clock.
    if (/certificate (is not yet valid|has expired)/.test(details)) {
      const text = `${method} was not completed: ${plain(details)}; this host's clock says ${new Date().toISOString()}`;
      const remedy = "Compare the clocks of both hosts; if they agree, the host there must join anew";
      return new SalvoError("unavailable", text, { host, remedy });
    }
    const remedy = `Check that Salvo runs there and listens on ${host}, and that no firewall stands between`;
    return new SalvoError("unavailable", `${method} was not completed: ${plain(details)}`, { host, remedy });
  }
  if (code === Status.UNIMPLEMENTED) {
    const remedy = "Check the host's roles, and that both hosts run the same version of Salvo";
    return new SalvoError("refused", `${method} is not offered there`, { host, remedy });
  }
  // grpc-js words it so when it receives: stream-decoder.ts. What we send, we have measured before.
  const bytes = /larger than max \((\d+) vs/.exec(details)?.[1];
  if (bytes !== undefined) return oversized(method, Number(bytes), host);
  return new SalvoError(kindOfStatus(code), `${method} failed: ${details}`, { host });
}

/** grpc-js wraps the system's own words: load-balancer-pick-first.ts and internal-channel.ts. */
function plain(details: string): string {
  return /Last error: (?:Error: )?(.+?)\. Resolution note:/.exec(details)?.[1] ?? details;
}

/**
 * Without a Salvo trailer these are the transport's: a client of ours that cancels throws its own reason, and a server
 * of ours sends its bugs with one.
 */
const TRANSPORT: ReadonlySet<Status> = new Set([Status.UNAVAILABLE, Status.CANCELLED, Status.INTERNAL]);
