/**
 * Which boot of the host this is. Windows has no id of it that Node can read, only when it was, by the wall clock less the
 * time since the boot. Rounded, that instant is no id: it drifts with the wall clock, by seconds in a month, and somewhere
 * crosses from one rounded value to the next. So a random id is kept, with what was seen when it was used last; it stays the
 * same while nothing speaks for another boot.
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { replaceFileSync } from "@salvo/shared/files/durable.ts";
import { systemClock } from "@salvo/shared/kernel/time.ts";

/** More than a start of this process takes from reading one clock to reading the other, less than Windows takes to boot. */
const SAME_BOOT_MS = 5_000;

export interface SeenBoot {
  /** When the host was booted, by its wall clock, ms since 1970. */
  readonly bootedAtMs: number;
  /** Since then; it never stops or goes back within a boot (QueryPerformanceCounter). */
  readonly upMs: number;
}

/**
 * A wall clock that was set in between makes it another boot too: then a run that was under way is degraded for nothing. Only
 * a host without a working clock, where every boot begins at the same time of day, can pass for one that was never booted.
 */
export function isSameBoot(then: SeenBoot, now: SeenBoot): boolean {
  return now.upMs >= then.upMs && Math.abs(now.bootedAtMs - then.bootedAtMs) <= SAME_BOOT_MS;
}

/** Decided at the first call; a process does not outlive its boot. The file is this agent's alone. */
export function openBootId(file: string, look = seeBoot): () => string {
  let id: string | undefined;
  return () => {
    if (id === undefined) {
      const now = look();
      const kept = readKept(file);
      id = kept && isSameBoot(kept, now) ? kept.id : randomUUID();
      replaceFileSync(file, JSON.stringify({ id, ...now }));
    }
    return id;
  };
}

function seeBoot(): SeenBoot {
  const upMs = Number(systemClock.now()) / 1e6;
  return { bootedAtMs: Date.now() - upMs, upMs };
}

/** Undefined when there is none, or it is not what was written, after a crash: then this is another boot, as far as is known. */
function readKept(file: string): (SeenBoot & { readonly id: string }) | undefined {
  try {
    const kept: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isKept(kept) ? kept : undefined;
  } catch {
    return undefined;
  }
}

function isKept(kept: unknown): kept is SeenBoot & { readonly id: string } {
  return (
    typeof kept === "object" &&
    kept !== null &&
    "id" in kept &&
    typeof kept.id === "string" &&
    "bootedAtMs" in kept &&
    typeof kept.bootedAtMs === "number" &&
    "upMs" in kept &&
    typeof kept.upMs === "number"
  );
}
