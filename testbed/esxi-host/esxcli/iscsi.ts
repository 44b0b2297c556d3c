/** The namespace `iscsi`: adapters, discovery, parameters. Source: captures of 5.5, and the reference of 8.x. */
import { CommandFailure } from "../failure.ts";
import { nothing, table, text } from "../format/output.ts";
import type { HostState, IscsiAdapter } from "../state/state.ts";
import { adapterNamed, disableSoftware, enableSoftware } from "../world/adapters.ts";
import { configOf, knownTargets, login, logout } from "../world/fabric.ts";
import { type Command, requiredStr, str } from "./command.ts";
import { ADAPTER } from "./iscsi-options.ts";
import { portalCommands } from "./iscsi-portals.ts";
import { sessionCommands } from "./iscsi-sessions.ts";

const softwareCommands: readonly Command[] = [
  {
    path: "iscsi software get",
    help: "Software iSCSI information.",
    options: [],
    run: ({ state }) => ({ kind: "value", value: state.iscsi.softwareEnabled }),
  },
  {
    path: "iscsi software set",
    help: "Enable or disable software iSCSI.",
    options: [{ name: "enabled", short: "e", type: "bool", required: true, help: "Enable or disable the module." }],
    run: ({ state, options }) => {
      const on = options.bool("enabled") === true;
      if (on) enableSoftware(state);
      else disableSoftware(state);
      return text(`Software iSCSI ${on ? "Enabled" : "Disabled"}`);
    },
  },
];

const adapterCommands: readonly Command[] = [
  {
    path: "iscsi adapter list",
    help: "List all the iSCSI Host Bus Adapters on the system.",
    options: [str("adapter", "A", "The iscsi adapter name. (vmhbaX)")],
    run: ({ state, options }) => {
      const name = options.optional("adapter");
      const found = name === undefined ? state.iscsi.adapters : [adapterNamed(state, name)];
      return table(
        "Adapter",
        ["Adapter", "Driver", "State", "UID", "Description"],
        found.map((adapter) => [
          adapter.name,
          adapter.driver,
          stateOf(state, adapter),
          adapter.uid,
          adapter.description,
        ]),
      );
    },
  },
  {
    path: "iscsi adapter get",
    help: "List the details of the adapter.",
    options: [ADAPTER],
    run: ({ state, options }) => {
      const adapter = adapterNamed(state, options.text("adapter"));
      return {
        kind: "blocks",
        type: "Adapter",
        blocks: [
          {
            heading: adapter.name,
            fields: [
              ["Name", adapter.iqn],
              ["Alias", adapter.alias],
              ["Vendor", "VMware"],
              ["Model", adapter.description],
              ["Description", adapter.description],
            ],
          },
        ],
      };
    },
  },
  {
    path: "iscsi adapter set",
    help: "Set the iSCSI name and alias for the adapter.",
    options: [ADAPTER, str("name", "n", "The iscsi initiator name."), str("alias", "a", "The iscsi initiator alias.")],
    run: ({ state, options }) => {
      const adapter = adapterNamed(state, options.text("adapter"));
      adapter.iqn = options.optional("name") ?? adapter.iqn;
      adapter.alias = options.optional("alias") ?? adapter.alias;
      return nothing;
    },
  },
  {
    path: "iscsi adapter param get",
    help: "List the iSCSI parameters for the adapter.",
    options: [ADAPTER],
    run: ({ state, options }) => {
      const { params } = configOf(state, adapterNamed(state, options.text("adapter")).name);
      return table(
        "AdapterParam",
        ["Name", "Current", "Default", "Min", "Max", "Settable", "Inherit"],
        PARAMS.map(([name, value, min, max, settable]) => [
          name,
          params[name] ?? value,
          value,
          min,
          max,
          settable,
          false,
        ]),
      );
    },
  },
  {
    path: "iscsi adapter param set",
    help: "Set the iSCSI parameter for the adapter.",
    options: [
      ADAPTER,
      requiredStr("key", "k", "The key of the parameter"),
      str("value", "v", "The value of the parameter"),
      { name: "default", short: "D", type: "flag", help: "Use the default value" },
    ],
    run: ({ state, options }) => {
      const config = configOf(state, adapterNamed(state, options.text("adapter")).name);
      const [key, value] = [options.text("key"), options.optional("value")];
      const param = PARAMS.find(([name]) => name === key);
      if (param === undefined || !param[4]) throw new CommandFailure(`Parameter ${key} cannot be set`);
      config.params = Object.fromEntries([
        ...Object.entries(config.params).filter(([name]) => name !== key),
        ...(value === undefined ? [] : [[key, value] as const]),
      ]);
      return nothing;
    },
  },
];

const PARAMS: readonly (readonly [string, string, string, string, boolean])[] = [
  ["FirstBurstLength", "262144", "512", "16777215", true],
  ["MaxBurstLength", "262144", "512", "16777215", true],
  ["MaxRecvDataSegLen", "131072", "512", "16777215", true],
  ["MaxOutstandingR2T", "1", "1", "8", true],
  ["MaxCmds", "128", "2", "2048", false],
  ["LoginTimeout", "5", "1", "60", true],
  ["DelayedAck", "true", "na", "na", true],
  ["HeaderDigest", "prohibited", "na", "na", true],
  ["DataDigest", "prohibited", "na", "na", true],
];

const ADDRESS = requiredStr(
  "address",
  "a",
  "The ip address and optional port number of the target portal (ip[:port]).",
);

const discoveryCommands: readonly Command[] = [
  {
    path: "iscsi adapter discovery sendtarget add",
    help: "Add a SendTarget address to the adapter.",
    options: [ADAPTER, ADDRESS],
    run: ({ state, options }) => {
      const config = configOf(state, adapterNamed(state, options.text("adapter")).name);
      const address = withPort(options.text("address"));
      if (config.sendTargets.includes(address)) throw new CommandFailure("Send target already exists");
      config.sendTargets.push(address);
      return nothing;
    },
  },
  {
    path: "iscsi adapter discovery sendtarget list",
    help: "List the Send Target discovery addresses.",
    options: [str("adapter", "A", "The iscsi adapter name. (vmhbaX)")],
    run: ({ state, options }) =>
      table(
        "SendTarget",
        ["Adapter", "Sendtarget"],
        configsShown(state, options.optional("adapter")).flatMap(({ adapter, sendTargets }) =>
          sendTargets.map((each) => [adapter, each]),
        ),
      ),
  },
  {
    path: "iscsi adapter discovery sendtarget remove",
    help: "Remove a SendTarget address from the adapter.",
    options: [ADAPTER, ADDRESS],
    run: ({ state, options }) => {
      const config = configOf(state, adapterNamed(state, options.text("adapter")).name);
      const address = withPort(options.text("address"));
      if (!config.sendTargets.includes(address)) throw new CommandFailure("Send target not found");
      config.sendTargets = config.sendTargets.filter((each) => each !== address);
      const known = new Set(knownTargets(state, adapterNamed(state, config.adapter)).map(({ target }) => target.iqn));
      logout(state, (session) => session.adapter === config.adapter && !known.has(session.target));
      return nothing;
    },
  },
  {
    path: "iscsi adapter discovery statictarget add",
    help: "Add a static iSCSI target to the adapter.",
    options: [ADAPTER, ADDRESS, requiredStr("name", "n", "The iscsi target name.")],
    run: ({ state, options }) => {
      const config = configOf(state, adapterNamed(state, options.text("adapter")).name);
      config.staticTargets.push({ address: withPort(options.text("address")), iqn: options.text("name") });
      return nothing;
    },
  },
  {
    path: "iscsi adapter discovery statictarget list",
    help: "List the static and discovered targets of the adapter.",
    options: [str("adapter", "A", "The iscsi adapter name. (vmhbaX)")],
    run: ({ state, options }) =>
      table(
        "StaticTarget",
        ["Adapter", "Target Name", "Target Address"],
        state.iscsi.adapters
          .filter(({ name }) => !options.has("adapter") || name === options.text("adapter"))
          .flatMap((adapter) =>
            // One that a person named is listed whether or not anything answers there.
            [
              ...new Map(
                [
                  ...configOf(state, adapter.name).staticTargets.map(({ address, iqn }) => [iqn, address] as const),
                  ...knownTargets(state, adapter).map(({ target, portal }) => [target.iqn, portal] as const),
                ].map((row) => [row.join(), row]),
              ).values(),
            ].map((row) => [adapter.name, ...row]),
          ),
      ),
  },
  {
    path: "iscsi adapter discovery statictarget remove",
    help: "Remove a static iSCSI target from the adapter.",
    options: [ADAPTER, ADDRESS, requiredStr("name", "n", "The iscsi target name.")],
    run: ({ state, options }) => {
      const config = configOf(state, adapterNamed(state, options.text("adapter")).name);
      const [address, iqn] = [withPort(options.text("address")), options.text("name")];
      const left = config.staticTargets.filter((each) => each.address !== address || each.iqn !== iqn);
      if (left.length === config.staticTargets.length) throw new CommandFailure("Static target not found");
      config.staticTargets = left;
      logout(
        state,
        (session) => session.adapter === config.adapter && session.target === iqn && session.portal === address,
      );
      return nothing;
    },
  },
  {
    path: "iscsi adapter discovery rediscover",
    help: "Perform an iSCSI discovery on the adapter.",
    options: [str("adapter", "A", "The iscsi adapter name. (vmhbaX)")],
    run: ({ state, options, nowMs }) => {
      const name = options.optional("adapter");
      for (const adapter of name === undefined ? state.iscsi.adapters : [adapterNamed(state, name)])
        login(state, adapter, nowMs);
      return text("Rediscovery started");
    },
  },
];

export const iscsiCommands: readonly Command[] = [
  ...softwareCommands,
  ...adapterCommands,
  ...discoveryCommands,
  ...portalCommands,
  ...sessionCommands,
];

function stateOf(state: HostState, adapter: IscsiAdapter): string {
  if (adapter.driver === "iscsi_vmk") return "online";
  return configOf(state, adapter.name).ports.length === 0 ? "unbound" : "online";
}

function configsShown(state: HostState, name: string | undefined) {
  const adapters = name === undefined ? state.iscsi.adapters : [adapterNamed(state, name)];
  return adapters.map((adapter) => configOf(state, adapter.name));
}

function withPort(address: string): string {
  return /:\d+$/.test(address) ? address : `${address}:3260`;
}
