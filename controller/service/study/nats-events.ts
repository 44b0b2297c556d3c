import type { BusStatus } from "@salvo/shared/bus/connection.ts";
import type { NatsEvent } from "./events.ts";

/** Tells once that the lab's NATS cannot be reached, and once that it is back, however often it was dialled in between. */
export function natsEvents(emit: (event: NatsEvent) => void): (status: BusStatus) => void {
  let away = false;
  return ({ type, url }) => {
    if (type === "error") return;
    const now = type === "disconnected";
    if (now !== away) emit({ type: "nats", status: now ? "away" : "back", url: withoutPassword(url) });
    away = now;
  };
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//");
}
