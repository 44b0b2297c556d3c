/** Where files are that programs have open: behind some mounts a look at a file can take for ever. */
import { join } from "node:path";
import { type Mount, parseMounts } from "./use.ts";

export interface Mounts {
  /** Of a file that a process has open, by its mnt_id (proc_pid_fdinfo(5)); undefined for what is mounted nowhere any more. */
  find(pid: string, id: string): Mount | undefined;
  /** Of a path of this process. */
  of(path: string): Mount | undefined;
}

/** One look. read: of a file's text, empty when it is gone. A mount has its own number in every namespace. */
export function readMounts(proc: string, read: (path: string) => string): Mounts {
  const own = parseMounts(read(join(proc, "self/mountinfo")));
  const known = new Map(own.map((mount) => [mount.id, mount]));
  const asked = new Set<string>();
  return {
    find(pid, id) {
      const found = known.get(id);
      if (found || asked.has(pid)) return found;
      asked.add(pid);
      for (const mount of parseMounts(read(join(proc, pid, "mountinfo")))) known.set(mount.id, mount);
      return known.get(id);
    },
    of: (path) => own.findLast(({ at }) => path === at || path.startsWith(at.endsWith("/") ? at : `${at}/`)),
  };
}

/** File systems of others: over a network, or by a program that need not answer. */
const OTHERS =
  /^(nfs\d?|cifs|smb\w*|fuse(blk)?(\..+)?|9p|virtiofs|ceph|afs|lustre|gpfs|beegfs|gfs2|ocfs2|orangefs|pvfs2|panfs|wekafs|coda)$/;

/** server:/export and //server/share, whatever the file system calls itself. */
const SERVER = /^(\/\/|[^/]+:\/)/;

export function mayHang({ type, source }: Pick<Mount, "type" | "source">): boolean {
  return OTHERS.test(type) || SERVER.test(source);
}
