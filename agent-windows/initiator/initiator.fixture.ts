/** The initiator of a simulated Windows, with the engine that a real one has. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { AgentConfigSchema } from "@salvo/proto/agent_file_pb.ts";
import { type AttachmentSchema, InitiatorSpecSchema, Transport } from "@salvo/proto/storage_pb.ts";
import { type Made, openMade } from "@salvo/shared/agent/provision/made.ts";
import { createProvisioner } from "@salvo/shared/agent/provision/provisioner.ts";
import type { InitiatorSpec } from "@salvo/proto/storage_pb.ts";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { iscsiAnswer, iscsiWorld, type IscsiWorld, type SimulatedTarget } from "../../testbed/windows-sim/iscsi.ts";
import { type Fault, inProcess, type Simulated } from "../powershell/in-process.fixture.ts";
import type { PowerShell } from "../powershell/bridge.ts";
import { windowsInitiator } from "./provider.ts";

export const PORTAL = { address: "10.0.0.1", port: 3260 } as const;
export const SECOND = { address: "10.0.0.2", port: 3260 } as const;
export const LUN = {
  number: 0,
  uniqueId: "60014050A1B2C3D4E5F6071829304A5B",
  format: 3,
  serial: "0a1b2c3d",
  bytes: 2 ** 21,
} as const;
export const X: SimulatedTarget = {
  name: "iqn.2026-11.test.salvo:lab.target.x",
  portals: [PORTAL, SECOND],
  luns: [LUN],
};
export const SECRET = "open sesame 12";

export function world(...targets: readonly SimulatedTarget[]): IscsiWorld {
  return iscsiWorld(targets.length > 0 ? targets : [X]);
}

/** A host where Windows was restarted after MPIO had been enabled. */
export function multipathWorld(...targets: readonly SimulatedTarget[]): IscsiWorld {
  const host = world(...targets);
  host.mpio = { installed: "Installed", claimed: true, runs: true };
  return host;
}

type Attachment = MessageInitShape<typeof AttachmentSchema>;

export function attachmentTo(target: SimulatedTarget, more: Attachment = {}): Attachment {
  return {
    target: target.name,
    transport: Transport.ISCSI,
    portals: [PORTAL],
    sessions: 1,
    multipath: 2,
    luns: target.luns.map(({ number, uniqueId, serial, bytes }) => ({
      number,
      wwn: `naa.${uniqueId.toLowerCase()}`,
      serial,
      sizeBytes: BigInt(bytes),
    })),
    ...more,
  };
}

export function specOf(...attachments: readonly Attachment[]): InitiatorSpec {
  return create(InitiatorSpecSchema, { attachments: [...attachments] });
}
export const NOTHING = specOf();

export interface EngineOptions {
  readonly folder: string;
  readonly faults?: readonly Fault[];
  readonly boot?: string;
  readonly powerShell?: PowerShell;
  readonly made?: Made;
  /** SIDs that may read the file with the secret. */
  readonly allowed?: readonly string[];
}

/** A new agent on the host, with what an earlier one has remembered in the folder. */
export function engine(host: IscsiWorld, { folder, faults = [], boot = "1", allowed, ...more }: EngineOptions) {
  const secrets = join(folder, "secrets");
  mkdirSync(secrets, { recursive: true });
  writeFileSync(join(secrets, "chap"), `${SECRET}\r\n`);
  const access = { self: "S-1-5-18", allowed: allowed ?? ["S-1-5-18", "S-1-5-32-544"] };
  const simulated: Simulated = inProcess(
    (script, parameters) => (script === "file-access" ? access : iscsiAnswer(host, script, parameters)),
    faults,
  );
  const config = create(AgentConfigSchema, { id: "win1", dataDir: folder, identityDir: join(folder, "identity") });
  const powerShell = more.powerShell ?? simulated;
  const provisioner = createProvisioner({
    host: "win1",
    name: "salvo.v1.InitiatorService",
    schema: InitiatorSpecSchema,
    provider: windowsInitiator({ config, lab: "lab", powerShell, bootId: () => boot, awaitMs: 40 }),
    made: more.made ?? openMade(join(folder, "initiator.json")),
    audit: { around: async (_, act) => act() },
    occupation: { begin: () => ({ [Symbol.dispose]() {} }) },
  });
  const { inspect, plan } = provisioner;
  return {
    inspect,
    changes: simulated.changes,
    stepsFor: async (spec: InitiatorSpec) => (await plan(spec)).steps.map(({ id }) => id),
    commandsFor: async (spec: InitiatorSpec) => (await plan(spec)).steps.flatMap(({ commands }) => commands),
    apply: async (spec: InitiatorSpec) => {
      const { hash } = await plan(spec);
      const signal = new AbortController().signal;
      return Array.fromAsync(provisioner.apply({ spec, hash, who: "me", signal }));
    },
  };
}

export function newFolder(within: string): string {
  return mkdtempSync(join(within, "agent-"));
}
