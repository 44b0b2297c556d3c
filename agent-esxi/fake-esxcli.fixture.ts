/** The esxcli of the fake host: a table of commands over the state. */
import { type Command, need, type Options, Refused, type Row } from "./fake-command.fixture.ts";
import type { Answered, FakeState } from "./fake-state.fixture.ts";
import { SESSION_COMMANDS } from "./fake-sessions.fixture.ts";
import { STORAGE_COMMANDS } from "./fake-storage.fixture.ts";

const S = "network vswitch standard";
const I = "network ip interface";

const COMMANDS: Readonly<Record<string, Command>> = {
  ...STORAGE_COMMANDS,
  ...SESSION_COMMANDS,
  "system version get": {
    form: "blocks",
    rows: () => [{ Product: "VMware ESXi", Version: "8.0.3", Build: "Releasebuild-24677879", Update: "3", Patch: "0" }],
  },
  "system stats uptime get": { form: "bare", rows: ({ bootedAt }) => [{ "": (Date.now() - bootedAt) * 1000 }] },
  "hardware memory get": { form: "blocks", rows: () => [{ "Physical Memory": "68719476736 Bytes" }] },
  "hardware cpu list": {
    form: "blocks",
    title: "Id",
    rows: () => [0, 1].map((Id) => ({ Id, Brand: "GenuineIntel", Node: 0 })),
  },
  [`${S} list`]: {
    form: "blocks",
    title: "Name",
    rows: ({ switches, portGroups }) =>
      Object.entries(switches).map(([Name, { mtu, uplinks }]) => ({
        Name,
        Class: "cswitch",
        MTU: mtu,
        Uplinks: uplinks,
        Portgroups: Object.entries(portGroups).flatMap(([name, group]) => (group.switch === Name ? [name] : [])),
      })),
  },
  [`${S} add`]: { change: ({ switches }, { v = "" }) => void (switches[v] = { mtu: 1500, uplinks: [] }) },
  [`${S} set`]: { change: ({ switches }, { v = "", m }) => void (need(switches[v], "No such switch").mtu = Number(m)) },
  [`${S} remove`]: {
    change({ switches, portGroups }, { v = "" }) {
      if (Object.values(portGroups).some((group) => group.switch === v)) throw new Refused("the switch is in use");
      delete switches[v];
    },
  },
  [`${S} uplink add`]: {
    change: ({ switches }, { v = "", u = "" }) => void need(switches[v], "No such switch").uplinks.push(u),
  },
  [`${S} uplink remove`]: {
    change({ switches }, { v = "", u }) {
      const found = need(switches[v], "No such switch");
      found.uplinks = found.uplinks.filter((nic) => nic !== u);
    },
  },
  [`${S} portgroup list`]: {
    form: "table",
    rows: ({ portGroups }) =>
      Object.entries(portGroups).map(([Name, group]) => ({
        Name,
        "Virtual Switch": group.switch,
        "Active Clients": 0,
        "VLAN ID": group.vlan,
      })),
  },
  [`${S} portgroup add`]: {
    change: ({ portGroups }, { v = "", p = "" }) => void (portGroups[p] = { switch: v, vlan: 0 }),
  },
  [`${S} portgroup set`]: {
    change: ({ portGroups }, { v, p = "" }) => void (need(portGroups[p], "No such port group").vlan = Number(v)),
  },
  [`${S} portgroup remove`]: {
    change({ portGroups, ports }, { p = "" }) {
      if (Object.values(ports).some(({ portGroup }) => portGroup === p)) throw new Refused("the port group is in use");
      delete portGroups[p];
    },
  },
  [`${I} list`]: {
    form: "blocks",
    title: "Name",
    rows: ({ ports }) =>
      Object.entries(ports).map(([Name, { portGroup, mtu }]) => ({
        Name,
        Enabled: true,
        Portgroup: portGroup,
        MTU: mtu,
      })),
  },
  [`${I} ipv4 get`]: {
    form: "table",
    rows: ({ ports }) =>
      Object.entries(ports)
        .filter(([, { address }]) => address !== "")
        .map(([Name, { address, netmask }]) => ({
          Name,
          "IPv4 Address": address,
          "IPv4 Netmask": netmask,
          "Address Type": "STATIC",
          "DHCP DNS": false,
        })),
  },
  [`${I} add`]: {
    change({ ports, portGroups }, options) {
      const portGroup = options["portgroup-name"] ?? "";
      need(portGroups[portGroup], `There is no port group ${portGroup}`);
      ports[options["interface-name"] ?? ""] = { portGroup, mtu: 1500, address: "", netmask: "" };
    },
  },
  [`${I} set`]: { change: ({ ports }, { i = "", m }) => void (need(ports[i], "No such interface").mtu = Number(m)) },
  [`${I} ipv4 set`]: {
    change: ({ ports }, { i = "", I: address = "", N: netmask = "" }) =>
      void Object.assign(need(ports[i], "No such interface"), { address, netmask }),
  },
  [`${I} remove`]: { change: ({ ports }, options) => void delete ports[options["interface-name"] ?? ""] },
};

export function esxcli(args: readonly string[], state: FakeState): Answered {
  const format = args[0]?.startsWith("--formatter=") ? args[0].slice("--formatter=".length) : "text";
  const words = args.slice(format === "text" ? 0 : 1);
  const end = words.findIndex((word) => word.startsWith("-"));
  const name = words.slice(0, end === -1 ? undefined : end).join(" ");
  if (!state.formats.includes(format)) return { text: `Error: Unknown formatter ${format}\n`, code: 1 };
  if (name === "esxcli command list") return { text: commandList(state) };
  const command = state.missing.includes(name) ? undefined : COMMANDS[name];
  if (!command) return { text: `Error: Unknown command or namespace ${name}\n`, code: 1 };
  const options = end === -1 ? {} : optionsOf(words.slice(end));
  if ("rows" in command) return { text: printed(command.rows(state, options), command, format) };
  const fault = state.faults[name];
  if (fault === "ignored") return { text: "" };
  if (fault) return { text: `${fault.says}\n`, code: 1 };
  try {
    return { text: command.change(state, options) ?? "", changed: true };
  } catch (error) {
    if (error instanceof Refused) return { text: `Error: ${error.message}\n`, code: 1 };
    throw error;
  }
}

function commandList({ missing }: FakeState): string {
  const names = [...Object.keys(COMMANDS), "esxcli command list"].filter((name) => !missing.includes(name));
  const rows = names.map((name) => [name.split(" ").slice(0, -1).join("."), name.split(" ").at(-1) ?? ""]);
  return rows.map(([namespace = "", command]) => `${namespace.padEnd(40)}  ${command}\n`).join("");
}

/** -v NAME, --name VALUE, --name=VALUE */
function optionsOf(words: readonly string[]): Options {
  const options: Record<string, string> = {};
  for (let at = 0; at < words.length; at++) {
    const [, name = "", value] = /^--?([\w-]+)(?:=(.*))?$/.exec(words[at] ?? "") ?? [];
    options[name] = value ?? words[++at] ?? "";
  }
  return options;
}

function printed(
  rows: readonly Row[],
  { form, title }: { readonly form: string; readonly title?: string },
  format: string,
) {
  if (form === "bare") return `${rows.map((row) => String(row[""])).join("\n")}\n`;
  if (format === "json") {
    const plain = rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name.replaceAll(/[^A-Za-z0-9]/g, ""), value])),
    );
    return `${JSON.stringify(title === undefined && form === "blocks" ? plain[0] : plain)}\n`;
  }
  const texts = rows.map((row) =>
    Object.entries(row).map(
      ([name, value]) => [name, Array.isArray(value) ? value.join(", ") : String(value)] as const,
    ),
  );
  if (form === "blocks")
    return texts
      .map((row) =>
        [
          ...(title === undefined ? [] : [row.find(([name]) => name === title)?.[1] ?? ""]),
          ...row.filter(([name]) => name !== "").map(([name, value]) => `   ${name}: ${value}`),
        ].join("\n"),
      )
      .map((block) => `${block}\n`)
      .join("\n");
  const heads = texts[0]?.map(([name]) => name) ?? ["Name"];
  const widths = heads.map((head, at) =>
    texts.reduce((most, row) => Math.max(most, row[at]?.[1].length ?? 0), head.length),
  );
  const line = (cells: readonly string[]) =>
    `${cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd()}\n`;
  return [
    line(heads),
    line(widths.map((width) => "-".repeat(width))),
    ...texts.map((row) => line(row.map(([, value]) => value))),
  ].join("");
}
