import { create } from "@bufbuild/protobuf";
import { type Presence, PresenceSchema } from "@salvo/proto/telemetry_pb.ts";
import { type Bus, type BusOptions, connectBus } from "../bus/connection.ts";
import { publishPresence } from "../bus/presence.ts";
import { SalvoError } from "../kernel/error.ts";
import type { Clock } from "../kernel/time.ts";
import type { Logger } from "../log/logger.ts";

/** An agent's one connection to NATS: opened when the first run names a server, kept until another one is named. */
export interface BusKeeper {
  use(server: { readonly url: string; readonly lab: string }): Promise<Bus>;
  stop(): Promise<void>;
}

export interface BusKeeperDeps {
  readonly agent: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** The agent's certificate as it is now, or the credentials that others gave it; undefined in tests that have none. */
  readonly tls: BusOptions["tls"];
  /** What the agent is at, for its presence. */
  readonly activity: () => { readonly run: string; readonly phase: string };
}

export function keepBus({ agent, version, clock, log, tls, activity }: BusKeeperDeps): BusKeeper {
  let kept: { readonly key: string; readonly stop: AbortController; readonly bus: Promise<Bus> } | undefined;

  function presence(): Presence {
    return create(PresenceSchema, { agent, version, ...activity(), wallClockNs: clock.wall() });
  }

  async function open(url: string, lab: string, signal: AbortSignal): Promise<Bus> {
    const bus = await connectBus({
      url,
      name: `agent-${agent}`,
      tls,
      signal,
      onStatus: (status) => log.debug({ status }, "bus"),
    });
    const speaking = publishPresence({ bus, lab, agent, presence });
    signal.addEventListener("abort", () => speaking[Symbol.dispose](), { once: true });
    return bus;
  }

  async function stop(): Promise<void> {
    const last = kept;
    kept = undefined;
    if (!last) return;
    last.stop.abort(new SalvoError("cancelled", `agent ${agent} leaves the bus`));
    try {
      await (await last.bus)[Symbol.asyncDispose]();
    } catch (error) {
      // A server that was never reached, or an address that is none: whoever wanted to use it was told.
      log.debug({ error }, "the bus was never reached");
    }
  }

  return {
    async use({ url, lab }) {
      const key = `${url} ${lab}`;
      if (kept?.key !== key) {
        const leaving = stop();
        const end = new AbortController();
        kept = { key, stop: end, bus: leaving.then(async () => open(url, lab, end.signal)) };
      }
      return kept.bus;
    },
    stop,
  };
}
