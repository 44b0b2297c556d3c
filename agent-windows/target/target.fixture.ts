/** StarWind on a simulated Windows, with the engine that a real one has. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { AgentConfigSchema, type StarWindSchema } from "@salvo/proto/agent_file_pb.ts";
import { type TargetSpec, TargetSpecSchema, Transport, VolumeKind } from "@salvo/proto/storage_pb.ts";
import { openMade } from "@salvo/shared/agent/provision/made.ts";
import { createProvisioner } from "@salvo/shared/agent/provision/provisioner.ts";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { starWindAnswer, starWindWorld, type StarWindWorld } from "../../testbed/windows-sim/starwind.ts";
import { type Fault, inProcess } from "../powershell/in-process.fixture.ts";
import { configFile } from "../starwind/set-node.ts";
import type { Affinity } from "../win32/affinity.ts";
import type { NumaNode } from "../win32/numa.ts";
import { starWindTarget } from "./provider.ts";

export const MEBIBYTE = 2n ** 20n;
export const RAM = { name: "ram0", kind: VolumeKind.RAM, sizeBytes: 2n * MEBIBYTE, sectorBytes: 512 } as const;
export const IMAGE = {
  name: "disk0",
  kind: VolumeKind.FILE,
  sizeBytes: 64n * MEBIBYTE,
  sectorBytes: 4096,
  numaNode: 0,
} as const;
export const PORTAL = { address: "10.0.0.10", port: 3260 } as const;
export const X = {
  name: "x",
  transport: Transport.ISER,
  portals: [PORTAL],
  luns: [{ number: 0, volume: "ram0" }],
};

type Spec = MessageInitShape<typeof TargetSpecSchema>;
export const specOf = (init: Spec): TargetSpec => create(TargetSpecSchema, init);
export const NOTHING = specOf({});

/** Two nodes of eight processors each. */
const NODES: readonly NumaNode[] = [
  { node: 0, group: 0, mask: 0xffn },
  { node: 1, group: 0, mask: 0xff00n },
];

export interface Options {
  readonly folder: string;
  readonly world?: StarWindWorld;
  readonly faults?: readonly Fault[];
  readonly starWind?: Partial<MessageInitShape<typeof StarWindSchema>> | undefined;
  readonly nodes?: readonly NumaNode[] | undefined;
  readonly masks?: Map<number, bigint>;
  readonly cfg?: string;
  readonly allowed?: readonly string[];
}

export const CFG = '<?xml version="1.0"?>\r\n<starwind>\r\n <targets>\r\n </targets>\r\n</starwind>\r\n';

/** A new agent on the host, with what an earlier one has remembered in the folder. */
export function engine(options: Options) {
  const { folder, world = starWindWorld(), faults = [], masks = new Map(), allowed = ["S-1-5-18"] } = options;
  const credentials = join(folder, "starwind-login");
  const cfg = join(folder, "StarWind.cfg");
  mkdirSync(folder, { recursive: true });
  writeFileSync(credentials, `${world.user}\r\nopen barley 34\r\n`);
  if (options.cfg !== undefined) writeFileSync(cfg, options.cfg);
  const own = { credentialsFile: credentials, imageFolder: "R:\\salvo", configFile: cfg };
  const config = create(AgentConfigSchema, {
    id: "san1",
    dataDir: folder,
    ...("starWind" in options && options.starWind === undefined ? {} : { starWind: { ...own, ...options.starWind } }),
  });
  const powerShell = inProcess(
    (script, parameters) =>
      script === "file-access" ? { self: "S-1-5-18", allowed } : starWindAnswer(world, script, parameters),
    faults,
  );
  const affinity = (pid: number): Affinity => ({ mask: masks.get(pid) ?? 0xffffn, system: 0xffffn });
  const provisioner = createProvisioner({
    host: "san1",
    name: "salvo.v1.TargetService",
    schema: TargetSpecSchema,
    provider: starWindTarget({
      config,
      lab: "lab",
      powerShell,
      processors: {
        nodes: () => ("nodes" in options ? options.nodes : NODES),
        read: affinity,
        set: (pid, mask) => affinity((masks.set(pid, mask), pid)),
      },
      openConfig: configFile,
    }),
    made: openMade(join(folder, "target.json")),
    audit: { around: async (_, act) => act() },
    occupation: { begin: () => ({ [Symbol.dispose]() {} }) },
  });
  return {
    world,
    masks,
    changes: powerShell.changes,
    cfg: () => readFileSync(cfg, "utf8"),
    inspect: () => provisioner.inspect(),
    stepsFor: async (spec: TargetSpec) => (await provisioner.plan(spec)).steps.map(({ id }) => id),
    commandsFor: async (spec: TargetSpec) => (await provisioner.plan(spec)).steps.flatMap(({ commands }) => commands),
    apply: async (spec: TargetSpec) => {
      const { hash } = await provisioner.plan(spec);
      const signal = new AbortController().signal;
      return Array.fromAsync(provisioner.apply({ spec, hash, who: "me", signal }));
    },
  };
}
