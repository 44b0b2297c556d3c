/** The wire side of the storage roles: each is Inspect, Plan, Apply. */
import { DiskService, DiskSpecSchema } from "@salvo/proto/disk_pb.ts";
import { HypervisorService, HypervisorSpecSchema } from "@salvo/proto/hypervisor_pb.ts";
import { InitiatorService } from "@salvo/proto/initiator_pb.ts";
import { Role } from "@salvo/proto/lab_pb.ts";
import { ApplyPart, InitiatorSpecSchema, TargetSpecSchema } from "@salvo/proto/storage_pb.ts";
import { TargetService } from "@salvo/proto/target_pb.ts";
import { join } from "node:path";
import type { AuditLog } from "../../audit/log.ts";
import { assert } from "../../kernel/assert.ts";
import { type CallContext, implement, type ImplementedService } from "../../rpc/service.ts";
import type { Occupation } from "../occupation.ts";
import type { Platform } from "../platform.ts";
import { pathService } from "../path/service.ts";
import { openAwaitedDisks } from "../guard/awaited-disks.ts";
import type { Disks } from "../guard/disks.ts";
import { openFreshLuns } from "../guard/fresh-luns.ts";
import { lunOwners } from "../guard/lun-owners.ts";
import { diskProvider } from "./disk-provider.ts";
import { openMade } from "./made.ts";
import { itemMessage, planMessage } from "./messages.ts";
import type { HypervisorProvider, InitiatorProvider, ProviderDeps, TargetProvider } from "./provider.ts";
import { type ApplyRequest, createProvisioner } from "./provisioner.ts";

export interface StorageDeps extends ProviderDeps {
  readonly audit: AuditLog;
  readonly occupation: Occupation;
}

/** Those of the roles that the agent has, and its platform knows. */
export function storageServices(
  platform: Pick<Platform, "target" | "initiator" | "hypervisor" | "path" | "disks" | "bootId">,
  roles: readonly Role[],
  deps: StorageDeps,
): ImplementedService[] {
  const { target, initiator, hypervisor, path, disks, bootId } = platform;
  const isTarget = roles.includes(Role.TARGET);
  const isInitiator = roles.includes(Role.INITIATOR);
  return [
    ...(target && isTarget ? [targetService(target(deps), deps)] : []),
    ...(initiator && isInitiator ? [initiatorService(initiator(deps), deps)] : []),
    ...(hypervisor && roles.includes(Role.HYPERVISOR) ? [hypervisorService(hypervisor(deps), deps)] : []),
    ...(disks && roles.includes(Role.WORKLOAD) ? [diskService(disks, bootId(), deps)] : []),
    ...(path && (isTarget || isInitiator) ? [pathService(path, deps)] : []),
  ];
}

/** The same for every service: who it is for, and where it remembers what it made. */
function engineOf({ typeName }: { readonly typeName: string }, file: string, deps: StorageDeps) {
  const { config, audit, occupation } = deps;
  return { host: config.id, name: typeName, made: openMade(join(config.dataDir, "made", file)), audit, occupation };
}

function targetService(provider: TargetProvider, deps: StorageDeps): ImplementedService {
  const provisioner = createProvisioner({
    ...engineOf(TargetService, "target.json", deps),
    schema: TargetSpecSchema,
    provider,
  });
  return implement(TargetService, {
    async inspect() {
      const { items, shown } = await provisioner.inspect();
      return { items: items.map(itemMessage), luns: [...shown.luns] };
    },
    async plan({ spec }) {
      const planned = await provisioner.plan(given(spec));
      return { plan: planMessage(planned), kept: [...planned.kept.luns] };
    },
    async *apply(request, context) {
      for await (const progress of provisioner.apply(applying(request, context))) yield { progress };
    },
  });
}

function initiatorService(provider: InitiatorProvider, deps: StorageDeps): ImplementedService {
  const provisioner = createProvisioner({
    ...engineOf(InitiatorService, "initiator.json", deps),
    schema: InitiatorSpecSchema,
    provider,
  });
  return implement(InitiatorService, {
    async inspect() {
      const { items, shown } = await provisioner.inspect();
      return { items: items.map(itemMessage), ...shown, luns: [...shown.luns], given: [...(shown.given ?? [])] };
    },
    plan: async ({ spec }) => ({ plan: planMessage(await provisioner.plan(given(spec))) }),
    async *apply(request, context) {
      for await (const progress of provisioner.apply({
        ...applying(request, context),
        removalsOnly: request.part === ApplyPart.REMOVALS,
      }))
        yield { progress };
    },
  });
}

function hypervisorService(provider: HypervisorProvider, deps: StorageDeps): ImplementedService {
  const provisioner = createProvisioner({
    ...engineOf(HypervisorService, "hypervisor.json", deps),
    schema: HypervisorSpecSchema,
    provider,
  });
  return implement(HypervisorService, {
    inspect: async () => ({ items: (await provisioner.inspect()).items.map(itemMessage) }),
    plan: async ({ spec }) => ({ plan: planMessage(await provisioner.plan(given(spec))) }),
    async *apply(request, context) {
      for await (const progress of provisioner.apply(applying(request, context))) yield { progress };
    },
  });
}

/** Of a guest whose LUNs another agent attaches. */
function diskService(disks: Disks, boot: string, { config, lab, audit, occupation }: StorageDeps): ImplementedService {
  const provisioner = createProvisioner({
    host: config.id,
    name: DiskService.typeName,
    schema: DiskSpecSchema,
    provider: diskProvider({
      host: config.id,
      disks,
      lab,
      listed: config.devices,
      owners: lunOwners(config, lab),
      freshLuns: openFreshLuns(config.dataDir, boot),
      awaited: openAwaitedDisks(config.dataDir, boot),
    }),
    made: openMade(join(config.dataDir, "made", "disks.json")),
    audit,
    occupation,
  });
  return implement(DiskService, {
    inspect: async () => ({ items: (await provisioner.inspect()).items.map(itemMessage) }),
    plan: async ({ spec }) => ({ plan: planMessage(await provisioner.plan(given(spec))) }),
    async *apply(request, context) {
      for await (const progress of provisioner.apply(applying(request, context))) yield { progress };
    },
  });
}

function applying<Spec>(
  { spec, planHash }: { readonly spec?: Spec | undefined; readonly planHash: string },
  { signal, peer }: CallContext,
): ApplyRequest<Spec> {
  return { spec: given(spec), hash: planHash, who: peer.identity ?? "anybody", signal };
}

/** The rules of the contract require it. */
function given<Spec>(spec: Spec | undefined): Spec {
  assert(spec !== undefined, "a request without spec passed the rules");
  return spec;
}
