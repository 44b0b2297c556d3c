/**
 * As much of Linux as LIO's configfs shows, in memory: what it makes by itself, refuses and forgets. Written from what Debian's
 * 6.1 showed and said no to when it was tried by hand in a guest, and from the kernel's sources.
 */
import type { Op } from "@salvo/shared/agent/domain/provision/op.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Host } from "../provision/host.ts";

const T = "/sys/kernel/config/target";

/** undefined: a folder; an object: a link. */
type Node = string | undefined | { readonly to: string };

export interface SimulatedLio extends Host {
  readonly nodes: Map<string, Node>;
  perform(op: Op): void;
}

export function simulateLio(): SimulatedLio {
  const nodes = new Map<string, Node>([
    ["/proc/sys/kernel/osrelease", "6.1.0\n"],
    ["/proc/self/mounts", "proc /proc proc rw 0 0\n"],
    ["/sys/devices/system/node/node0/cpulist", "0-1\n"],
  ]);
  const no = (errno: string) => Object.assign(new Error(errno), { code: errno });
  const inside = (path: string) => [...nodes.keys()].filter((each) => each.startsWith(`${path}/`));
  const parent = (path: string) => path.slice(0, path.lastIndexOf("/"));
  const isFolder = (path: string) => nodes.has(path) && nodes.get(path) === undefined;

  /** Made by the kernel within a folder that somebody makes; goes with it. */
  function defaults(path: string): Record<string, Node> | undefined {
    const rest = path.slice(T.length);
    if (rest === "/iscsi") return nodes.has("/sys/module/iscsi_target_mod") ? { discovery_auth: undefined } : undefined;
    if (/^\/core\/(rd_mcp|fileio)_\d+$/.test(rest))
      return rest.includes("fileio") && !nodes.has("/sys/module/target_core_file") ? undefined : { hba_info: "HBA\n" };
    if (/^\/core\/[^/]+\/[^/]+$/.test(rest))
      return {
        control: "",
        enable: "0\n",
        alias: "",
        info: "Status: DEACTIVATED  Max Queue Depth: 0  SectorSize: 0\n",
        attrib: undefined,
        "attrib/block_size": "512\n",
        "attrib/emulate_tpu": "0\n",
        "attrib/emulate_tpws": "0\n",
        wwn: undefined,
        "wwn/vpd_unit_serial": "T10 VPD Unit Serial Number: \n",
      };
    if (/^\/iscsi\/iqn[^/]+$/.test(rest)) return { fabric_statistics: undefined, param: undefined };
    if (/\/tpgt_\d+$/.test(rest))
      return {
        acls: undefined,
        attrib: undefined,
        "attrib/authentication": "1\n",
        "attrib/cache_dynamic_acls": "0\n",
        "attrib/default_cmdsn_depth": "64\n",
        "attrib/demo_mode_write_protect": "1\n",
        "attrib/generate_node_acls": "0\n",
        auth: undefined,
        "auth/userid": "\n",
        "auth/password": "\n",
        enable: "0\n",
        lun: undefined,
        np: undefined,
      };
    if (/\/lun\/lun_\d+$/.test(rest)) return { alua_tg_pt_gp: "", statistics: undefined };
    if (/\/np\/[^/]+:\d+$/.test(rest)) return { cxgbit: "0\n", iser: "0\n" };
    if (/\/acls\/[^/]+$/.test(rest))
      return { auth: undefined, "auth/userid": "\n", "auth/password": "\n", cmdsn_depth: "64\n", info: "No active\n" };
    if (/\/acls\/[^/]+\/lun_\d+$/.test(rest)) return { write_protect: "0\n", statistics: undefined };
    return undefined;
  }

  function mkdir(path: string): void {
    if (nodes.has(path)) throw no("EEXIST");
    if (!isFolder(parent(path))) throw no("ENOENT");
    const made = defaults(path);
    if (!made) throw no("EINVAL");
    nodes.set(path, undefined);
    for (const [name, node] of Object.entries(made)) nodes.set(`${path}/${name}`, node);
  }

  function rmdir(path: string): void {
    if (!isFolder(path)) throw no("ENOENT");
    const own = new Set(Object.keys(defaults(path) ?? {}).map((name) => `${path}/${name}`));
    if (inside(path).some((each) => !own.has(each))) throw no("ENOTEMPTY");
    if (linksTo(path).length > 0) throw no("EBUSY");
    for (const each of inside(path)) nodes.delete(each);
    nodes.delete(path);
  }

  function linksTo(path: string): string[] {
    return [...nodes].flatMap(([at, node]) => (typeof node === "object" && node.to === path ? [at] : []));
  }

  function write(path: string, value: string): void {
    if (typeof nodes.get(path) !== "string") throw no("ENOENT");
    const device = path.slice(0, path.search(/\/(control|enable|alias|attrib\/[^/]+|wwn\/[^/]+)$/));
    const exported = linksTo(device).length > 0;
    const isDevice = path.startsWith(`${T}/core/`);
    if (path.endsWith("/vpd_unit_serial")) {
      if (exported) throw no("EINVAL");
      nodes.set(path, `T10 VPD Unit Serial Number: ${value}\n`);
    } else if (path.endsWith("/control")) {
      const [, pages] = /rd_pages=(\d+)/.exec(value) ?? [];
      const [, file, bytes] = /fd_dev_name=([^,]+),fd_dev_size=(\d+)/.exec(value) ?? [];
      if (file !== undefined && !nodes.has(file)) throw no("ENOENT");
      const status = "Status: DEACTIVATED  Max Queue Depth: 0  SectorSize: 512  HwMaxSectors: 16384\n";
      const ram = `        PAGES/PAGE_SIZE: ${pages}*4096  SG_table_count: 1  nullio: 0 dummy: 0\n`;
      const inFile = `        TCM FILEIO ID: 0        File: ${file}  Size: ${bytes}  Mode: O_DSYNC Async: 0\n`;
      nodes.set(`${device}/info`, status + (pages === undefined ? inFile : ram));
    } else if (isDevice && path.endsWith("/enable")) {
      if (value !== "1" || nodes.get(path) === "1\n") throw no("EINVAL");
      nodes.set(path, "1\n");
    } else if (isDevice && path.includes("/attrib/")) {
      if (exported) throw no("EINVAL");
      if (path.includes("emulate_tp") && value === "1" && path.includes("/rd_mcp_")) throw no("EIO");
      nodes.set(path, `${value}\n`);
    } else if (path.endsWith("/iser") && !nodes.has("/sys/module/ib_isert")) throw no("EINVAL");
    else nodes.set(path, `${value}\n`);
  }

  function runProgram(program: string, args: readonly string[]): void {
    const [first = "", second = "", third = ""] = args;
    if (program === "modprobe") {
      const core = ["target_core_file", "iscsi_target_mod", "ib_isert", "target_core_mod"].includes(first);
      nodes.set(`/sys/module/${first}`, undefined);
      if (core && isFolder("/sys/kernel/config")) {
        nodes.set("/sys/module/target_core_mod", undefined);
        nodes.set(T, undefined).set(`${T}/core`, undefined).set(`${T}/core/alua`, undefined);
      }
    } else if (program === "mount") {
      if (!nodes.has("/sys/module/configfs")) throw no("ENOENT");
      nodes.set("/sys/kernel/config", undefined);
      nodes.set("/proc/self/mounts", "configfs /sys/kernel/config configfs rw 0 0\n");
    } else if (program === "mkdir") nodes.set(third === "" ? second : (args.at(-1) ?? ""), undefined);
    else if (program === "truncate" || program === "fallocate") nodes.set(third, "");
    else throw new SalvoError("not-found", `no program ${program}`);
  }

  return {
    nodes,
    list(folder) {
      if (!isFolder(folder)) return undefined;
      return inside(folder)
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
    perform(op) {
      if (op.type === "mkdir") mkdir(op.path);
      else if (op.type === "rmdir") rmdir(op.path);
      else if (op.type === "write") write(op.path, op.value);
      else if (op.type === "write-secret") write(op.path, `the secret ${op.secret}`);
      else if (op.type === "run") runProgram(op.program, op.args);
      else if (op.type === "symlink") {
        if (!isFolder(op.target)) throw no("ENOENT");
        if (op.target.startsWith(`${T}/core/`) && nodes.get(`${op.target}/enable`) !== "1\n") throw no("ENODEV");
        if (!isFolder(parent(op.path)) || nodes.has(op.path)) throw no("EEXIST");
        nodes.set(op.path, { to: op.target });
      } else if (!nodes.delete(op.path) && op.type === "unlink") throw no("ENOENT");
    },
  };
}
