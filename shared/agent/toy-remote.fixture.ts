/** A platform that speaks for another host, as a bridge to a hypervisor will: it samples from afar, by that host's clock. */
import { create } from "@bufbuild/protobuf";
import { HostSchema } from "@salvo/proto/agent_pb.ts";
import { setTimeout as pass } from "node:timers/promises";
import { msToNs, nsToMs, systemClock } from "../kernel/time.ts";
import type { Cores } from "./domain/counters.ts";
import type { Reading } from "./domain/readings.ts";
import type { Platform } from "./platform.ts";

/** How far the host's clock is ahead of the agent's. */
export const TOY_AHEAD_NS = msToNs(3_600_000);
const hostNow = () => systemClock.now() + TOY_AHEAD_NS;

/** A reading is asked for so often, and is on its way for so long. */
const EVERY_MS = 20;
const LATE_MS = 5;

export interface ToyRemote {
  readonly platform: Platform;
  /** No answers come for so long, from the second tick on. */
  silentMs: number;
  /** Nobody answers what time it is. */
  clockIsGone: boolean;
}

export function toyRemote(): ToyRemote {
  const toy = { silentMs: 0, clockIsGone: false };
  const platform: Platform = {
    describeHost: async () => create(HostSchema, { name: "toy-remote" }),
    bootId: () => "toy-boot",
    sampler: {
      async open() {
        let latest: Reading<Cores> | undefined;
        let asked = 0;
        let silentUntilNs = 0n;
        const questions = setInterval(() => {
          const reading = readCores();
          if (hostNow() >= silentUntilNs) setTimeout(() => (latest = reading), LATE_MS);
        }, EVERY_MS);
        const cores = () => {
          asked++; // when it is armed, at T0, and at the first tick
          if (asked === 3) silentUntilNs = hostNow() + msToNs(toy.silentMs);
          return latest;
        };
        return { cores, disks: [], [Symbol.dispose]: () => clearInterval(questions) };
      },
    },
    hostClock: {
      async ask({ signal }) {
        if (toy.clockIsGone) await pass(60_000, undefined, signal && { signal });
        return { receivedNs: hostNow(), answeredNs: hostNow() };
      },
    },
  };
  return Object.assign(toy, { platform });
}

/** One core, busy for a quarter of the time. */
function readCores(): Reading<Cores> {
  const atNs = hostNow();
  const userMs = nsToMs(atNs) / 4;
  const none = { systemMs: 0, irqMs: 0, softirqMs: 0, stealMs: 0, iowaitMs: 0 };
  return { atNs, value: [{ userMs, idleMs: 3 * userMs, ...none }] };
}
