/** This host as an initiator: open-iscsi for iSCSI and iSER, the kernel itself for NVMe over fabrics. */
import { dirname, join } from "node:path";
import type { AgentConfig } from "@salvo/proto/agent_file_pb.ts";
import { type Attachment, type InitiatorSpec, Transport } from "@salvo/proto/storage_pb.ts";
import { lunOwners } from "@salvo/shared/agent/guard/lun-owners.ts";
import type { DiskIdentity } from "@salvo/shared/agent/domain/guard/facts.ts";
import { isNvme, nvmeDepths, transportName } from "@salvo/shared/agent/domain/provision/transports.ts";
import { openFreshLuns, type TakenLun } from "@salvo/shared/agent/guard/fresh-luns.ts";
import type { InitiatorProvider, ProviderDeps } from "@salvo/shared/agent/provision/provider.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { linuxDisks } from "../disks/disks.ts";
import { bootId } from "../host.ts";
import { type Host, linuxHost } from "../provision/host.ts";
import { performPlain } from "../provision/perform.ts";
import { openSecrets, type Secrets } from "../provision/secrets.ts";
import { attachedLuns } from "./attached.ts";
import { foundBase, wantedBase } from "./base.ts";
import { runDaemon, startDaemon } from "./daemon.ts";
import { foundLogins, wantedLogin } from "./logins.ts";
import { foundDevices, foundLuns, foundMaps, usesMap, wantedLuns } from "./luns.ts";
import { describe, isLunOp, type Op } from "./op.ts";
import { performLun } from "./perform.ts";
import type { Piece } from "./piece.ts";
import { HOST_NQN, INITIATOR_NAME, policyName } from "./places.ts";
import { foundRecords, wantedRecord } from "./records.ts";
import { foundSessions } from "./sessions.ts";

export function linuxInitiator({ config, lab }: ProviderDeps): InitiatorProvider<Op> {
  const secrets = openSecrets(join(dirname(config.identityDir), "secrets"));
  const disks = linuxDisks();
  const freshLuns = openFreshLuns(config.dataDir, bootId());
  const owners = lunOwners(config, lab);
  const lunDeps = { host: config.id, lab, disks, freshLuns, owners };
  return {
    look: async (spec) =>
      lookAtInitiator(
        {
          host: linuxHost,
          config,
          targets: owners.targets,
          secrets,
          disks: disks.identify(),
          taken: await freshLuns.list(),
        },
        spec,
      ),
    describe,
    async perform(op) {
      if (isLunOp(op)) return performLun(op, lunDeps);
      if (op.type === "start-daemon") return startDaemon(op, { host: linuxHost, run: runDaemon });
      return performPlain(op, secrets.read);
    },
  };
}

export interface InitiatorFacts {
  readonly host: Host;
  readonly config: AgentConfig;
  readonly targets: readonly string[];
  readonly secrets: Secrets;
  readonly disks: readonly DiskIdentity[];
  readonly taken: readonly TakenLun[];
}

/** Whatever the host is: a test has one of its own. */
export function lookAtInitiator(facts: InitiatorFacts, spec?: InitiatorSpec) {
  const { host, disks, taken } = facts;
  const sessions = foundSessions(host);
  return {
    found: [
      ...foundBase(host),
      ...foundRecords(facts),
      ...foundLogins(sessions),
      ...foundLuns(spec?.attachments ?? [], disks, sessions),
      ...foundMaps(host, disks),
      ...foundDevices(taken, disks),
    ],
    show: () => ({
      initiator: initiatorName(host),
      hostNqn: host.read(HOST_NQN) ?? "",
      luns: attachedLuns(disks, sessions, host),
    }),
    wanted: (wish: InitiatorSpec) => wantedPieces(wish, facts),
  };
}

function wantedPieces({ attachments }: InitiatorSpec, facts: InitiatorFacts): Piece[] {
  const { host, config } = facts;
  for (const attachment of attachments) check(attachment, facts);
  const transports = new Set(attachments.map(({ transport }) => transport));
  const policies = new Set(attachments.filter(usesMap).map(({ multipath }) => policyName(multipath)));
  return [
    ...wantedBase(transports, policies, host, config.id),
    ...attachments.flatMap((attachment) => [
      ...attachment.portals.flatMap((portal) => [
        ...(isNvme(attachment.transport) ? [] : [wantedRecord(attachment, portal, facts)]),
        wantedLogin(attachment, portal, host),
      ]),
      ...wantedLuns(attachment),
    ]),
  ];
}

/** Throws `invalid-input` or `refused` for what this host cannot have, or its owner does not allow. */
function check(
  { target, transport, portals, chap, luns, queueDepth }: Attachment,
  { host, config, targets }: InitiatorFacts,
): void {
  const wrong = (why: string) =>
    new SalvoError("invalid-input", `attachment to ${target}: ${why}`, { host: config.id });
  const isLocal = transport === Transport.LOCAL;
  if (isLocal !== (portals.length === 0)) throw wrong(isLocal ? "a local target has no portals" : "it has no portal");
  const depths = nvmeDepths(transport);
  if (isNvme(transport) && queueDepth > 0 && (queueDepth < depths.min || queueDepth > depths.max))
    throw wrong(`queueDepth of ${transportName(transport)} is ${depths.min} to ${depths.max}`);
  if (chap && (isLocal || isNvme(transport))) throw wrong("CHAP works only with iSCSI and iSER");
  if (!isLocal && !isNvme(transport) && initiatorName(host) === "")
    throw new SalvoError("refused", "this host has no name as an initiator", {
      host: config.id,
      file: INITIATOR_NAME,
      remedy: "Type: echo InitiatorName=$(iscsi-iname) > /etc/iscsi/initiatorname.iscsi",
    });
  for (const { device, number, guests } of luns) {
    if (guests.length > 0)
      throw wrong(
        `LUN ${number} is for ${guests.map(({ agent }) => agent).join(", ")}, and this host gives no disks to guests`,
      );
    if (device === "") continue;
    if (config.devices.some(({ name }) => name === device))
      throw new SalvoError("refused", `the agent's own file has another device ${device}`, {
        host: config.id,
        remedy: "Rename it there, and restart the agent",
      });
    if (!targets.some((prefix) => target.startsWith(prefix)))
      throw new SalvoError("refused", `runs may not write to LUNs of ${target} [foreign-target]`, {
        host: config.id,
        remedy: "Name the agent of that target under lunsOf in this agent's own file, and restart the agent",
      });
  }
}

function initiatorName(host: Host): string {
  const text = host.read(INITIATOR_NAME) ?? "";
  return /^InitiatorName=(\S+)$/m.exec(text)?.[1] ?? "";
}
