/**
 * As much of Linux as the configfs of LIO, of the NVMe target and of null_blk shows, in memory: what they make by themselves, refuse
 * and forget. Written from what Debian's 6.1 showed and said no to when it was tried by hand in a guest, and from the kernel's sources.
 */
import type { Op } from "./op.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Host } from "../provision/host.ts";

const CONFIG = "/sys/kernel/config";
const T = `${CONFIG}/target`;
const MODULES =
  "configfs target_core_mod target_core_file target_core_iblock iscsi_target_mod ib_isert tcm_loop null_blk nvmet nvmet-tcp nvmet-rdma dm-mod";

/** undefined: a folder; an object: a link. */
type Node = string | undefined | { readonly to: string };

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
  const no = (errno: string) => Object.assign(new Error(errno), { code: errno });
  const inside = (path: string) => [...nodes.keys()].filter((each) => each.startsWith(`${path}/`));
  const parent = (path: string) => path.slice(0, path.lastIndexOf("/"));
  const isFolder = (path: string) => nodes.has(path) && nodes.get(path) === undefined;

  /** Made by the kernel within a folder that somebody makes; goes with it. */
  function defaults(path: string): Record<string, Node> | undefined {
    if (path.startsWith(`${CONFIG}/nvmet/`)) return nvmetDefaults(path.slice(`${CONFIG}/nvmet`.length));
    if (path.startsWith(`${CONFIG}/nullb/`))
      return {
        size: "256000\n",
        blocksize: "512\n",
        memory_backed: "0\n",
        home_node: "4294967295\n",
        power: "0\n",
      };
    const rest = path.slice(T.length);
    if (rest === "/loopback") return nodes.has("/sys/module/tcm_loop") ? { discovery_auth: undefined } : undefined;
    if (/^\/loopback\/naa[^/]+$/.test(rest)) return { fabric_statistics: undefined, param: undefined };
    if (/^\/loopback\/naa[^/]+\/tpgt_\d+$/.test(rest)) return { lun: undefined, nexus: "", address: "0:0:1\n" };
    if (rest === "/iscsi") return nodes.has("/sys/module/iscsi_target_mod") ? { discovery_auth: undefined } : undefined;
    const [, backend] = /^\/core\/(rd_mcp|fileio|iblock)_\d+$/.exec(rest) ?? [];
    if (backend !== undefined) {
      const module = { rd_mcp: "mod", fileio: "file", iblock: "iblock" }[backend];
      return nodes.has(`/sys/module/target_core_${module}`) ? { hba_info: "HBA\n" } : undefined;
    }
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

  function nvmetDefaults(rest: string): Record<string, Node> | undefined {
    if (/^\/hosts\/[^/]+$/.test(rest)) return {};
    if (/^\/subsystems\/[^/]+$/.test(rest))
      return {
        attr_allow_any_host: "0\n",
        attr_serial: "of chance\n",
        allowed_hosts: undefined,
        namespaces: undefined,
      };
    if (/\/namespaces\/[1-9]\d*$/.test(rest)) return { device_path: "\n", device_uuid: "of chance\n", enable: "0\n" };
    if (/^\/ports\/\d+$/.test(rest))
      return { addr_adrfam: "\n", addr_trtype: "\n", addr_traddr: "\n", addr_trsvcid: "\n", subsystems: undefined };
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
    if (path.startsWith(`${CONFIG}/nullb/`)) nodes.delete(`/dev/${path.split("/").at(-1)}`);
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
    if (path.startsWith(`${CONFIG}/n`)) return writeNvme(path, value);
    const isDevice = path.startsWith(`${T}/core/`);
    if (path.endsWith("/vpd_unit_serial")) {
      if (exported) throw no("EINVAL");
      nodes.set(path, `T10 VPD Unit Serial Number: ${value}\n`);
    } else if (path.endsWith("/control")) {
      const [, disk] = /^udev_path=(.+)/.exec(value) ?? [];
      if (disk !== undefined && !nodes.has(disk)) throw no("ENOENT");
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

  function writeNvme(path: string, value: string): void {
    const above = parent(path);
    if (path.endsWith("/enable") && value === "1") {
      const device = nodes.get(`${above}/device_path`);
      if (typeof device !== "string" || !nodes.has(device.trim())) throw no("ENOENT");
    }
    if (path.endsWith("/attr_allow_any_host") && value === "1" && inside(`${above}/allowed_hosts`).length > 0)
      throw no("EINVAL");
    if (above.startsWith(`${CONFIG}/nullb/`)) {
      if (nodes.get(`${above}/power`) === "1\n") throw no("EBUSY");
      if (path.endsWith("/power")) nodes.set(`/dev/${above.split("/").at(-1)}`, "");
    }
    nodes.set(path, `${value}\n`);
  }

  function refuseLink(path: string, target: string): void {
    if (target.startsWith(`${T}/core/`) && nodes.get(`${target}/enable`) !== "1\n") throw no("ENODEV");
    if (path.includes("/allowed_hosts/") && nodes.get(path.replace(/allowed_hosts.*/, "attr_allow_any_host")) !== "0\n")
      throw no("EINVAL");
    const [, port] = /^(.*\/nvmet\/ports\/\d+)\/subsystems\//.exec(path) ?? [];
    if (port === undefined) return;
    const kind = nodes.get(`${port}/addr_trtype`);
    if (typeof kind !== "string" || !nodes.has(`/sys/module/nvmet_${kind.trim()}`)) throw no("EINVAL");
    if (nodes.get(`${port}/addr_traddr`) === "\n") throw no("EINVAL");
  }

  function runProgram(program: string, args: readonly string[]): void {
    const [first = "", second = "", third = ""] = args;
    if (program === "modprobe") {
      const core = /^(target_core_|iscsi_target_mod|ib_isert|tcm_loop)/.test(first);
      nodes.set(`/sys/module/${first}`, undefined);
      if (first === "nvmet")
        for (const folder of ["", "/hosts", "/ports", "/subsystems"]) nodes.set(`${CONFIG}/nvmet${folder}`, undefined);
      if (first === "null_blk") nodes.set(`${CONFIG}/nullb`, undefined);
      if (core && isFolder("/sys/kernel/config")) {
        nodes.set("/sys/module/target_core_mod", undefined);
        nodes.set(T, undefined).set(`${T}/core`, undefined).set(`${T}/core/alua`, undefined);
      }
    } else if (program === "mount") {
      if (!nodes.has("/sys/module/configfs")) throw no("ENOENT");
      nodes.set("/sys/kernel/config", undefined);
      nodes.set("/proc/self/mounts", "configfs /sys/kernel/config configfs rw 0 0\n");
    } else if (program === "mkdir") nodes.set(third === "" ? second : (args.at(-1) ?? ""), undefined);
    else if (program === "truncate" || program === "fallocate") nodes.set(third, "x".repeat(Number(second)));
    else if (program === "dmsetup" && first === "remove") {
      if (!nodes.delete(`/dev/mapper/${second}`)) throw no("ENXIO");
      for (const path of inside("/sys/block").filter((each) => each.startsWith(`/sys/block/dm-${second}`)))
        nodes.delete(path);
    } else throw new SalvoError("not-found", `no program ${program}`);
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
    size(file) {
      const node = nodes.get(file);
      return typeof node === "string" ? node.length : undefined;
    },
    blockSize: () => 4096,
    perform(op) {
      if (op.type === "mkdir") mkdir(op.path);
      else if (op.type === "rmdir") rmdir(op.path);
      else if (op.type === "write") write(op.path, op.value);
      else if (op.type === "write-secret") write(op.path, `the secret ${op.secret}`);
      else if (op.type === "run") runProgram(op.program, op.args);
      else if (op.type === "symlink") {
        if (!isFolder(op.target)) throw no("ENOENT");
        if (!isFolder(parent(op.path)) || nodes.has(op.path)) throw no("EEXIST");
        refuseLink(op.path, op.target);
        nodes.set(op.path, { to: op.target });
      } else if (op.type === "map-disk") {
        const block = `/sys/block/dm-${op.map}`;
        nodes.set(`/dev/mapper/${op.map}`, "").set(block, undefined).set(`${block}/dm`, undefined);
        nodes.set(`${block}/dm/uuid`, `${op.uuid}\n`).set(`${block}/size`, `${op.sizeBytes / 512n}\n`);
      } else if (!nodes.delete(op.path) && op.type === "unlink") throw no("ENOENT");
    },
  };
}
