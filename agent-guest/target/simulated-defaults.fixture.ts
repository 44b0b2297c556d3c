/** What configfs makes by itself within a folder that somebody makes. */
import { CONFIG, type Node, type Nodes, TARGET } from "./simulated-tree.fixture.ts";

/** Made by the kernel within a folder that somebody makes; goes with it. */
export function defaultsOf(nodes: Nodes, path: string): Record<string, Node> | undefined {
  if (path.startsWith(`${CONFIG}/nvmet/`)) return nvmetDefaults(path.slice(`${CONFIG}/nvmet`.length));
  if (path.startsWith(`${CONFIG}/nullb/`))
    return {
      size: "256000\n",
      blocksize: "512\n",
      memory_backed: "0\n",
      home_node: "4294967295\n",
      power: "0\n",
    };
  return lioDefaults(nodes, path.slice(TARGET.length));
}

function lioDefaults(nodes: Nodes, rest: string): Record<string, Node> | undefined {
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
