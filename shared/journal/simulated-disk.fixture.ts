import type { JournalFile, JournalFs } from "./file.ts";

/** A disk in memory that forgets on a crash what was not synced, gets full, and can be held still. For tests. */
export interface SimulatedDisk extends JournalFs {
  /** What a reader sees now. */
  content(path: string): Buffer;
  /** A new disk as it stands after a power cut: of what was not synced, the first `keptBytes` of the file's growth remain. */
  crash(keptBytes: number): SimulatedDisk;
  /** Writes that would make all files together larger fail with ENOSPC, after what still fits. */
  capacityBytes: number;
  /** Awaited by every sync; a rejection makes it fail. */
  beforeSync: () => Promise<void>;
  syncs: number;
}

interface Stored {
  now: Buffer;
  synced: Buffer;
}

export function createSimulatedDisk(files = new Map<string, Stored>()): SimulatedDisk {
  const disk: SimulatedDisk = {
    capacityBytes: Infinity,
    beforeSync: () => Promise.resolve(),
    syncs: 0,
    content: (path) => stored(path).now,
    crash(keptBytes) {
      const left = [...files].map(([path, { now, synced }]): [string, Stored] => {
        const grown = Buffer.concat([synced, now.subarray(synced.length, synced.length + keptBytes)]);
        return [path, { now: grown, synced: grown }];
      });
      return createSimulatedDisk(new Map(left));
    },
    open: (path, mode) => {
      if (mode === "read") stored(path);
      else if (!files.has(path)) files.set(path, { now: Buffer.alloc(0), synced: Buffer.alloc(0) });
      return Promise.resolve(open(stored(path)));
    },
    syncDirectoryOf: () => Promise.resolve(),
  };

  function stored(path: string): Stored {
    const file = files.get(path);
    if (!file) throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
    return file;
  }

  function open(file: Stored): JournalFile {
    return {
      size: async () => file.now.length,
      read: async (into, at) => file.now.copy(into, 0, at),
      write: async (bytes, at) => {
        const others = [...files.values()].reduce((sum, { now }) => sum + now.length, 0) - file.now.length;
        const fits = Math.max(0, Math.min(bytes.length, disk.capacityBytes - others - at));
        const kept = Buffer.alloc(Math.max(file.now.length, at + fits));
        file.now.copy(kept);
        kept.set(bytes.subarray(0, fits), at);
        file.now = kept;
        if (fits < bytes.length) throw Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" });
      },
      truncate: async (bytes) => {
        file.now = file.now.subarray(0, bytes);
      },
      sync: async () => {
        const written = file.now;
        disk.syncs++;
        await disk.beforeSync();
        file.synced = written;
      },
      close: async () => {},
    };
  }

  return disk;
}
