/** The state file: read whole, written whole under a lock, and replaced by rename, so that a reader never sees half of it. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { HostState } from "./state.ts";

const LOCK_WAIT_MS = 60_000;

export function readState(folder: string): HostState {
  // Only this file writes it.
  return JSON.parse(readFileSync(stateFile(folder), "utf8")) as HostState;
}

export function writeState(folder: string, state: HostState): void {
  const fresh = `${stateFile(folder)}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify(state, undefined, 2)}\n`);
  renameSync(fresh, stateFile(folder));
}

/**
 * Changes the state while no other process can. When `change` throws, nothing is written. An exclusive transaction of
 * SQLite is a lock of the kernel: it ends with its process, and holds between PID namespaces.
 */
export function changeState<T>(folder: string, change: (state: HostState) => T): T {
  const lock = new DatabaseSync(join(folder, "lock"), { timeout: LOCK_WAIT_MS });
  try {
    lock.exec("PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE");
    const state = readState(folder);
    const before = JSON.stringify(state);
    const result = change(state);
    if (JSON.stringify(state) !== before) writeState(folder, state);
    return result;
  } finally {
    lock.close();
  }
}

function stateFile(folder: string): string {
  return join(folder, "state.json");
}
