import { create } from "@bufbuild/protobuf";
import { type AgentDescription, AgentDescriptionSchema, AgentService, type Host } from "@salvo/proto/agent_pb.ts";
import { IdentityService } from "@salvo/proto/enrolment_pb.ts";
import type { AgentConfig } from "@salvo/proto/agent_file_pb.ts";
import { Role } from "@salvo/proto/lab_pb.ts";
import { join } from "node:path";
import { roleName } from "../config/role.ts";
import { readNatsCredentials } from "../bus/credentials-file.ts";
import { natsTls } from "../identity/nats.ts";
import { assertValid } from "../config/rules.ts";
import { systemClock } from "../kernel/time.ts";
import { AUDIT_FILE, openAuditLog } from "../audit/log.ts";
import type { Logger } from "../log/logger.ts";
import { holdFolder } from "../process/hold-folder.ts";
import { serve } from "../rpc/server.ts";
import { implement } from "../rpc/service.ts";
import { type Agent, createAgent } from "./agent.ts";
import { auditService } from "./audit/service.ts";
import { keepBus } from "./bus-keeper.ts";
import { checkDevices } from "./devices/device.ts";
import { type Devices, openDevices } from "./devices/devices.ts";
import { openOccupation } from "./occupation.ts";
import { fioTeller } from "./fio/version.ts";
import { recoverRuns, runFolders } from "./run/held-runs.ts";
import { type Lead, openLead } from "./run/lead.ts";
import type { AgentIdentity } from "./identity/agent-identity.ts";
import { offeredRoles, type Platform } from "./platform.ts";
import { storageServices } from "./provision/services.ts";
import { agentService } from "./service.ts";

export interface ServeOptions {
  readonly config: AgentConfig;
  readonly platform: Platform;
  readonly version: string;
  readonly log: Logger;
  /** Without one it takes anybody, and so only on loopback: for tests in one process. */
  readonly identity?: AgentIdentity;
}

export interface ServedAgent extends AsyncDisposable {
  /** host:port, with the port that was really taken. */
  readonly address: string;
}

/** Everything that makes an agent, wired together; a platform's main.ts adds only what differs. */
export async function serveAgent({ config, platform, version, log, identity }: ServeOptions): Promise<ServedAgent> {
  const clock = systemClock;
  await using undo = new AsyncDisposableStack();
  undo.use(await holdFolder(config.dataDir, "agent"));
  const audit = undo.use(await openAuditLog(join(config.dataDir, AUDIT_FILE), { now: Date.now }));
  if (audit.tornBytes > 0)
    log.warn({ bytes: audit.tornBytes }, "the end of the audit log was not whole, and it says so");
  await checkDevices(config);
  const held = await recoverRuns(config.dataDir, clock, log);
  const offered = offeredRoles(platform);
  const served = identity ? offered.filter((role) => identity.roles.includes(roleName(role))) : offered;
  const lead = openLead(join(config.dataDir, "gate-lead"), platform.workloads?.timing.lead);
  const others = config.nats && (await readNatsCredentials(config.nats));
  const host = await platform.describeHost();
  const occupation = openOccupation(config.id);
  const devices = openDevices({ config, platform, lab: identity?.lab });

  let agent: Agent | undefined;
  const bus = keepBus({
    agent: config.id,
    version,
    clock,
    log,
    tls: others ?? (identity && (() => natsTls(identity.lab, identity.current))),
    activity: () => agent?.activity() ?? { run: "", phase: "" },
  });
  agent = createAgent({
    config,
    platform,
    clock,
    log,
    lead,
    bus,
    held,
    roles: served,
    devices,
    occupation,
    folders: runFolders(config.dataDir),
    describeSelf: describeSelf({ config, version, platform, host, roles: served, lead, devices }),
  });

  const made = agent;
  const server = await serve({
    address: config.listen,
    services: [
      implement(
        AgentService,
        agentService(made, clock, () => audit.head),
      ),
      ...(identity ? [implement(IdentityService, identity.service)] : []),
      ...storageServices(platform, served, {
        config,
        lab: identity?.lab ?? "",
        audit,
        occupation,
      }),
    ].map((service) => auditService(service, { audit, log })),
    ...(identity && { credentials: identity.credentials, authorize: identity.authorize }),
    validate: assertValid,
    onBug: (error, method) => log.error({ error, method }, "bug"),
  });
  const open = undo.move();
  return {
    address: server.address,
    async [Symbol.asyncDispose]() {
      await made.stop(`agent ${config.id} was stopped`);
      await server[Symbol.asyncDispose]();
      await bus.stop();
      await open.disposeAsync();
    },
  };
}

interface Self extends Pick<ServeOptions, "config" | "version" | "platform"> {
  readonly host: Host;
  readonly roles: readonly Role[];
  readonly lead: Lead;
  readonly devices: Devices;
}

function describeSelf({
  config,
  version,
  platform,
  host,
  roles,
  lead,
  devices,
}: Self): () => Promise<AgentDescription> {
  const { workloads } = platform;
  const runsFio = workloads && roles.includes(Role.WORKLOAD);
  const tellFio = runsFio ? fioTeller(config.fio, () => workloads.readFioLimits()) : undefined;
  return async () => {
    await checkDevices(config); // before every run: links come and go
    const all = await devices.list();
    return create(AgentDescriptionSchema, {
      id: config.id,
      version,
      roles: [...roles],
      bootId: platform.bootId(),
      host,
      ...(tellFio && { fio: await tellFio() }),
      devices: all.map(({ device }) => device),
      deviceHashes: Object.fromEntries(all.map(({ device, hash }) => [device.name, hash])),
      deviceSectorBytes: devices.sectorBytes(),
      lunsOf: config.lunsOf,
      gateLeadNs: lead.current(),
    });
  };
}
