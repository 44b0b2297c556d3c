/** The ESXi host as a hypervisor: what is there, and what a desired state makes of it. */
import type { HypervisorSpec, VmkernelPort } from "@salvo/proto/hypervisor_pb.ts";
import { lunOwners } from "@salvo/shared/agent/guard/lun-owners.ts";
import type { HypervisorProvider, ProviderDeps } from "@salvo/shared/agent/provision/provider.ts";
import { join } from "node:path";
import type { Boot } from "../boot.ts";
import type { Esxi } from "../esxi.ts";
import { foundDrivers } from "./drivers.ts";
import { openFacts } from "./facts.ts";
import { FINDERS, LISTS } from "./kinds.ts";
import { describe, type Op } from "./op.ts";
import { perform } from "./perform.ts";
import { foundReaches } from "./reach.ts";
import { foundTunings } from "./tuning.ts";
import { wantedPieces } from "./wanted.ts";

export function esxiHypervisor(esxi: Esxi, boot: Boot, { config, lab }: ProviderDeps): HypervisorProvider<Op> {
  const maker = { lab, agent: config.id };
  const { targets } = lunOwners(config, lab);
  const bundles = join(config.dataDir, "bundles");
  return {
    async look(spec?: HypervisorSpec) {
      await boot.look();
      const facts = await openFacts(esxi, LISTS);
      const found = [];
      for (const find of Object.values(FINDERS)) found.push(...(await find(facts)));
      if (spec) found.push(...(await foundReaches(portsOf(spec), esxi)));
      if (spec) found.push(...(await foundTunings(spec.tunings, facts)));
      if (spec) found.push(...(await foundDrivers(spec.drivers, facts)));
      // The engine asks for the pieces of the very spec that it looks with, and some need a further question to the host.
      const pieces = spec ? await wantedPieces(spec, facts, maker, targets) : [];
      return { found, show: () => ({}), wanted: () => pieces };
    },
    describe,
    perform: (op) => perform(op, esxi, bundles),
  };
}

function portsOf({ switches }: HypervisorSpec): VmkernelPort[] {
  return switches.flatMap(({ portGroups }) => portGroups.flatMap(({ vmkernel }) => (vmkernel ? [vmkernel] : [])));
}
