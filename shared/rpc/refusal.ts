import { connect } from "node:net";
import { requireAddress } from "@salvo/shared/kernel/address.ts";
import { deadline, unlessAborted, type Waiting } from "@salvo/shared/kernel/signal.ts";
import { errnoOf } from "../kernel/errno.ts";

/** A host that is there answers at once; one that does not has not refused. */
const ANSWER_MS = 500;

/**
 * Whether that address (host:port) refuses connections at this moment: its host is there, and nobody listens. Silence is no
 * refusal, and neither is a connection that is closed again. Asked beside gRPC, which waits between its attempts and tells of
 * the last one until then.
 */
export async function refusesConnections(address: string, { signal }: Waiting = {}): Promise<boolean> {
  const { host, port } = requireAddress(address, "cannot connect with");
  using within = deadline(ANSWER_MS, `connecting with ${address}`, signal);
  const socket = connect({ host, port });
  const { promise: answer, resolve } = Promise.withResolvers<boolean>();
  socket.once("connect", () => resolve(false));
  socket.once("error", (error) => resolve(errnoOf(error) === "ECONNREFUSED"));
  socket.once("close", () => resolve(false));
  try {
    return await unlessAborted(answer, within);
  } catch {
    return false; // nothing was heard in time, or nobody wants to know any more
  } finally {
    socket.destroy();
  }
}
