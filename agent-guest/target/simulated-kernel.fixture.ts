/**
 * As much of Linux as the configfs of LIO, of the NVMe target and of null_blk shows, in memory: what they make by themselves, refuse
 * and forget. Written from what Debian's 6.1 showed and said no to when it was tried by hand in a guest, and from the kernel's sources.
 */
import type { Op } from "./op.ts";
import type { Host } from "../provision/host.ts";
import { defaultsOf } from "./simulated-defaults.fixture.ts";
import { runProgram } from "./simulated-programs.fixture.ts";
import { CONFIG, inside, isFolder, linksTo, no, type Node, parent } from "./simulated-tree.fixture.ts";
import { refuseLink, writeTo } from "./simulated-writes.fixture.ts";

const MODULES =
  "configfs target_core_mod target_core_file target_core_iblock iscsi_target_mod ib_isert tcm_loop null_blk nvmet nvmet-tcp nvmet-rdma dm-mod";

export interface SimulatedKernel extends Host {
  readonly nodes: Map<string, Node>;
  perform(op: Op): void;
}

export function simulateKernel(modules = MODULES): SimulatedKernel {
  const nodes = new Map<string, Node>([
    ["/proc/sys/kernel/osrelease", "6.1.0\n"],
    ["/proc/self/mounts", "proc /proc proc rw 0 0\n"],
    ["/sys/devices/system/node/node0/cpulist", "0-1\n"],
    ["/lib/modules/6.1.0/modules.dep", modules.replaceAll(/\S+/g, "kernel/$&.ko:\n")],
    ["/sys/block", undefined],
  ]);

  function mkdir(path: string): void {
    if (nodes.has(path)) throw no("EEXIST");
    if (!isFolder(nodes, parent(path))) throw no("ENOENT");
    const made = defaultsOf(nodes, path);
    if (!made) throw no("EINVAL");
    nodes.set(path, undefined);
    for (const [name, node] of Object.entries(made)) nodes.set(`${path}/${name}`, node);
  }

  function rmdir(path: string): void {
    if (!isFolder(nodes, path)) throw no("ENOENT");
    const own = new Set(Object.keys(defaultsOf(nodes, path) ?? {}).map((name) => `${path}/${name}`));
    if (inside(nodes, path).some((each) => !own.has(each))) throw no("ENOTEMPTY");
    if (linksTo(nodes, path).length > 0) throw no("EBUSY");
    if (path.startsWith(`${CONFIG}/nullb/`)) nodes.delete(`/dev/${path.split("/").at(-1)}`);
    for (const each of inside(nodes, path)) nodes.delete(each);
    nodes.delete(path);
  }

  return {
    nodes,
    list(folder) {
      if (!isFolder(nodes, folder)) return undefined;
      return inside(nodes, folder)
        .map((path) => path.slice(folder.length + 1))
        .filter((name) => !name.includes("/"))
        .toSorted();
    },
    read(file) {
      const node = nodes.get(file);
      return typeof node === "string" ? node.trim() : undefined;
    },
    readLink(path) {
      const node = nodes.get(path);
      return typeof node === "object" ? `../../../../../..${node.to.slice("/sys/kernel/config".length)}` : undefined;
    },
    size(file) {
      const node = nodes.get(file);
      return typeof node === "string" ? node.length : undefined;
    },
    blockSize: () => 4096,
    perform(op) {
      if (op.type === "mkdir") mkdir(op.path);
      else if (op.type === "rmdir") rmdir(op.path);
      else if (op.type === "write") writeTo(nodes, op.path, op.value);
      else if (op.type === "write-secret") writeTo(nodes, op.path, `the secret ${op.secret}`);
      else if (op.type === "run") runProgram(nodes, op.program, op.args);
      else if (op.type === "symlink") {
        if (!isFolder(nodes, op.target)) throw no("ENOENT");
        if (!isFolder(nodes, parent(op.path)) || nodes.has(op.path)) throw no("EEXIST");
        refuseLink(nodes, op.path, op.target);
        nodes.set(op.path, { to: op.target });
      } else if (op.type === "map-disk") {
        const block = `/sys/block/dm-${op.map}`;
        nodes.set(`/dev/mapper/${op.map}`, "").set(block, undefined).set(`${block}/dm`, undefined);
        nodes.set(`${block}/dm/uuid`, `${op.uuid}\n`).set(`${block}/size`, `${op.sizeBytes / 512n}\n`);
      } else if (!nodes.delete(op.path) && op.type === "unlink") throw no("ENOENT");
    },
  };
}
