/** A host's files below a folder of their own, with disks as Linux shows them in /sys. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { onTestFinished } from "vitest";
import { type Host, linuxHost } from "../provision/host.ts";

/** What the agent makes durable there costs no disk any time. */
const MEMORY = "/dev/shm";

export type Files = ReturnType<typeof simulateFiles>;

export function simulateFiles() {
  const root = realpathSync(mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "salvo-initiator-")));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const at = (path: string) => join(root, path);
  const host: Host = {
    list: (folder) => linuxHost.list(at(folder)),
    read: (file) => linuxHost.read(at(file)),
    readLink: (path) => linuxHost.readLink(at(path)),
    size: (file) => linuxHost.size(at(file)),
    blockSize: (path) => linuxHost.blockSize(at(path)),
  };
  let disks = 0;

  const remove = (path: string) => rmSync(at(path), { recursive: true, force: true });
  const folder = (path: string) => void mkdirSync(at(path), { recursive: true });

  function put(path: string, content: string | Buffer): void {
    folder(dirname(path));
    writeFileSync(at(path), content);
  }

  /** Of a folder of the kernel's: each ends with a newline. */
  function putValues(path: string, values: Readonly<Record<string, string | number | bigint>>): void {
    for (const [name, value] of Object.entries(values)) put(`${path}/${name}`, `${value}\n`);
  }

  function link(path: string, to: string): void {
    folder(dirname(path));
    symlinkSync(relative(realpathSync(at(dirname(path))), at(to)), at(path));
  }

  return {
    ...host,
    root,
    at,
    put,
    putValues,
    link,
    remove,
    folder,
    isThere: (path: string) => host.list(path) !== undefined || host.read(path) !== undefined,

    /** diskseq: no attachment has the number of an earlier one until the host starts anew. */
    addDisk(path: string, dev: string, sizeBytes: bigint, more: Readonly<Record<string, string>> = {}): void {
      putValues(path, { dev, size: sizeBytes / 512n, diskseq: ++disks, ...more });
      folder(`${path}/slaves`);
      folder(`${path}/holders`);
      link(`/sys/block/${basename(path)}`, path);
    },
    removeDisk(path: string): void {
      remove(path);
      remove(`/sys/block/${basename(path)}`);
    },
    /** sdb, dm-0: the first that no disk is called. */
    freeName(nameOf: (index: number) => string): { readonly name: string; readonly index: number } {
      const taken = host.list("/sys/block") ?? [];
      for (let index = 0; ; index++) if (!taken.includes(nameOf(index))) return { name: nameOf(index), index };
    },

    /** All that is kept in memory is gone. */
    shutDown(): void {
      for (const path of ["/sys", "/proc", "/run", "/dev"]) remove(path);
      disks = 0;
    },
    /** Of every file, with what is in it, and of every link. Disks are counted on, so their numbers are left out. */
    contents: () => new Map(contentsOf("")),
  };

  function contentsOf(folder: string): [path: string, text: string][] {
    return readdirSync(at(folder), { withFileTypes: true }).flatMap((entry): [string, string][] => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return contentsOf(path);
      if (entry.isSymbolicLink()) return [[path, "link"]];
      return entry.name === "diskseq" ? [] : [[path, readFileSync(at(path), "latin1")]];
    });
  }
}
