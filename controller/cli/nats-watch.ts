import { connectBus, type BusStatus, type BusTls } from "@salvo/shared/bus/connection.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";

/** Tells a person once when the lab's own NATS cannot be reached, and when it is back; runs do without it meanwhile. */
export function watchNats(url: string | undefined, tls: BusTls, say: (line: string) => void): AsyncDisposable {
  if (url === undefined) return { async [Symbol.asyncDispose]() {} };
  const stop = new AbortController();
  let away = false;
  const onStatus = ({ type }: BusStatus) => {
    if (type === "disconnected" && !away && !stop.signal.aborted)
      say(`NATS at ${hidden(url)} is not reachable: figures will come at the end`);
    if (type === "connected" && away) say(`NATS at ${hidden(url)} is back`);
    if (type !== "error") away = type === "disconnected";
  };
  const bus = connectBus({
    url,
    name: "controller-watch",
    tls,
    signal: stop.signal,
    onStatus,
  });
  bus.catch((error: unknown) => {
    if (!stop.signal.aborted) say(`NATS: ${toSalvoError(error).describe()}`);
  });
  return {
    async [Symbol.asyncDispose]() {
      stop.abort(new SalvoError("cancelled", "the session ends"));
      await bus.then(
        (open) => open[Symbol.asyncDispose](),
        () => {}, // never reached, which was said
      );
    },
  };
}

/** Without the password that it may have. */
function hidden(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//");
}
