/**
 * Which boot of the ESXi host this is. ESXi shows no id of a boot, only for how long it has been up. So the agent makes an id, and
 * makes another when that time does not fit what it saw before.
 */
import { randomUUID } from "node:crypto";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { nsToMs, systemClock } from "@salvo/shared/kernel/time.ts";
import type { Esxi } from "./esxi.ts";

/** More than a command takes over SSH on a busy host, and less than ESXi takes to boot. */
const SAME_BOOT_MS = 10_000;

export interface Boot {
  /** Of the last look; "unknown" before the first one. */
  known(): string;
  /** Asks the host, and forgets what was learned of it in an earlier boot. */
  look(): Promise<string>;
}

export interface SeenBoot {
  /** By the agent's own clock. */
  readonly bootedAtMs: number;
  readonly upMs: number;
}

export function isSameBoot(then: SeenBoot, now: SeenBoot): boolean {
  return now.upMs >= then.upMs && Math.abs(now.bootedAtMs - then.bootedAtMs) <= SAME_BOOT_MS;
}

export function openBoot(esxi: Esxi): Boot {
  let id = "unknown";
  let seen: SeenBoot | undefined;
  return {
    known: () => id,
    async look() {
      const upMs = await askUptimeMs(esxi);
      const now = { upMs, bootedAtMs: nsToMs(systemClock.now()) - upMs };
      if (!seen || !isSameBoot(seen, now)) {
        id = randomUUID();
        esxi.forget();
      }
      seen = now;
      return id;
    },
  };
}

/** In text, whatever the formatter: it is a number of microseconds alone. */
async function askUptimeMs(esxi: Esxi): Promise<number> {
  const { stdout } = await esxi.run(["esxcli", "system", "stats", "uptime", "get"]);
  const micros = Number(stdout.trim());
  if (stdout.trim() !== "" && Number.isFinite(micros)) return micros / 1000;
  throw new SalvoError("program-failed", `the host does not tell for how long it is up: ${JSON.stringify(stdout)}`);
}
