/** The pieces of a desired state, in the order in which they can be made. */
import type { HypervisorSpec, VirtualSwitch } from "@salvo/proto/hypervisor_pb.ts";
import type { Maker } from "@salvo/shared/agent/domain/provision/names.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { SOFTWARE, uplinkOfDevice } from "./adapters.ts";
import { wantedBinding, wantedDiscovery } from "./bindings.ts";
import { wantedBootCommands } from "./boot-commands.ts";
import { wantedDrivers } from "./drivers.ts";
import type { Facts } from "./facts.ts";
import { bootCommand, iserId, wantedIser } from "./iser.ts";
import type { Piece } from "./piece.ts";
import { wantedPortGroup } from "./port-groups.ts";
import { wantedReaches } from "./reach.ts";
import { softwarePiece } from "./software-iscsi.ts";
import { wantedSwitch } from "./switches.ts";
import { wantedStorage } from "./wanted-storage.ts";
import { wantedVmkernelPort } from "./vmkernel-ports.ts";

export async function wantedPieces(
  spec: HypervisorSpec,
  facts: Facts,
  maker: Maker,
  targets: readonly string[],
): Promise<Piece[]> {
  const { switches, owned, iser, softwareIscsi, drivers } = spec;
  const ahead = await wantedDrivers(drivers, facts);
  const network = switches.flatMap((each) => networkOf(each, owned?.switches.includes(each.name) ?? false, facts.host));
  await checkPorts(spec, facts);
  return [
    ...ahead,
    ...network,
    ...iser.map((each) => wantedIser(each, facts)),
    ...(await wantedBootCommands(
      maker,
      iser.map(({ device }) => bootCommand(device, facts)),
      iser.map(({ device }) => iserId(device)),
      facts,
    )),
    ...iser.flatMap(({ device, vmkernel, discovery }) => [
      wantedBinding(device, vmkernel),
      ...discovery.map((portal) => wantedDiscovery(device, portal)),
    ]),
    ...(softwareIscsi
      ? [
          softwarePiece(),
          ...softwareIscsi.vmkernels.map((name) => wantedBinding(SOFTWARE, name)),
          ...softwareIscsi.discovery.map((portal) => wantedDiscovery(SOFTWARE, portal)),
        ]
      : []),
    ...(await wantedStorage(spec, facts, { maker, targets })),
  ];
}

function networkOf(wish: VirtualSwitch, isOwned: boolean, host: string): Piece[] {
  return [
    ...wantedSwitch(wish, isOwned),
    ...wish.portGroups.flatMap((group) => {
      const { vmkernel } = group;
      if (vmkernel && vmkernel.mtu > wish.mtu)
        throw new SalvoError(
          "invalid-input",
          `${vmkernel.name} has an MTU of ${vmkernel.mtu}, and its virtual switch ${wish.name} one of ${wish.mtu}`,
          { host, remedy: "Give the switch the MTU of its greatest port" },
        );
      return [
        wantedPortGroup(wish.name, group),
        ...(vmkernel ? [wantedVmkernelPort(group.name, vmkernel), ...wantedReaches(vmkernel)] : []),
      ];
    }),
  ];
}

/** Ports of others carry their traffic: sessions begin at ports of this desired state, and of iSER at those of the device's own uplink. */
async function checkPorts({ switches, iser, softwareIscsi }: HypervisorSpec, facts: Facts): Promise<void> {
  const switchOf = new Map(
    switches.flatMap((each) =>
      each.portGroups.flatMap(({ vmkernel }) => (vmkernel ? [[vmkernel.name, each] as const] : [])),
    ),
  );
  for (const name of [...iser.map(({ vmkernel }) => vmkernel), ...(softwareIscsi?.vmkernels ?? [])])
    if (!switchOf.has(name))
      throw new SalvoError("invalid-input", `sessions are to begin at ${name}, which is no port of the switches here`, {
        host: facts.host,
        remedy: `Add ${name} to a port group of a switch of this desired state`,
      });
  for (const { device, vmkernel } of iser) {
    const uplink = await uplinkOfDevice(device, facts);
    const uplinks = switchOf.get(vmkernel)?.uplinks ?? [];
    if (uplinks.length !== 1 || uplinks[0] !== uplink)
      throw new SalvoError(
        "invalid-input",
        `${device} is paired with ${uplink}, and the switch of ${vmkernel} has the uplinks ${uplinks.join(", ") || "none"}`,
        {
          host: facts.host,
          remedy: `Give that switch ${uplink} as its only uplink: iSER takes no other, and no teaming`,
        },
      );
  }
}
