/** What becomes of values that are written to configfs, and what its links refuse. */
import { CONFIG, inside, linksTo, no, type Nodes, parent, TARGET } from "./simulated-tree.fixture.ts";

export function writeTo(nodes: Nodes, path: string, value: string): void {
  if (typeof nodes.get(path) !== "string") throw no("ENOENT");
  const device = path.slice(0, path.search(/\/(control|enable|alias|attrib\/[^/]+|wwn\/[^/]+)$/));
  const exported = linksTo(nodes, device).length > 0;
  if (path.startsWith(`${CONFIG}/n`)) return writeNvme(nodes, path, value);
  const isDevice = path.startsWith(`${TARGET}/core/`);
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

function writeNvme(nodes: Nodes, path: string, value: string): void {
  const above = parent(path);
  if (path.endsWith("/enable") && value === "1") {
    const device = nodes.get(`${above}/device_path`);
    if (typeof device !== "string" || !nodes.has(device.trim())) throw no("ENOENT");
  }
  if (path.endsWith("/attr_allow_any_host") && value === "1" && inside(nodes, `${above}/allowed_hosts`).length > 0)
    throw no("EINVAL");
  if (above.startsWith(`${CONFIG}/nullb/`)) {
    if (nodes.get(`${above}/power`) === "1\n") throw no("EBUSY");
    if (path.endsWith("/power")) nodes.set(`/dev/${above.split("/").at(-1)}`, "");
  }
  nodes.set(path, `${value}\n`);
}

export function refuseLink(nodes: Nodes, path: string, target: string): void {
  if (target.startsWith(`${TARGET}/core/`) && nodes.get(`${target}/enable`) !== "1\n") throw no("ENODEV");
  if (path.includes("/allowed_hosts/") && nodes.get(path.replace(/allowed_hosts.*/, "attr_allow_any_host")) !== "0\n")
    throw no("EINVAL");
  const [, port] = /^(.*\/nvmet\/ports\/\d+)\/subsystems\//.exec(path) ?? [];
  if (port === undefined) return;
  const kind = nodes.get(`${port}/addr_trtype`);
  if (typeof kind !== "string" || !nodes.has(`/sys/module/nvmet_${kind.trim()}`)) throw no("EINVAL");
  if (nodes.get(`${port}/addr_traddr`) === "\n") throw no("EINVAL");
}
