/** What is done to a Windows host that is an initiator. */
import type { PortalPlace } from "@salvo/shared/agent/domain/provision/names.ts";
import { shownPortal } from "@salvo/shared/agent/domain/provision/names.ts";
import { type Policy, POLICY_CODES } from "./policies.ts";

export type Op =
  | { readonly type: "start-service" }
  /** Throws until Windows was restarted since: what MPIO was told to do begins then. */
  | { readonly type: "enable-multipath" }
  | { readonly type: "add-portal" | "remove-portal"; readonly portal: PortalPlace }
  | Connect
  /** All sessions to the target at the portal. */
  | { readonly type: "disconnect"; readonly target: string; readonly portal: PortalPlace }
  /** Reads back what was logged in. */
  | {
      readonly type: "confirm-sessions";
      readonly target: string;
      readonly portal: PortalPlace;
      readonly sessions: number;
    }
  /** Waits for its disk, refuses whatever is not what the target made, and brings it online. */
  | ({ readonly type: "await-lun" } & LunIdentity)
  | ({ readonly type: "set-policy"; readonly policy: Policy } & LunIdentity);

export interface Connect {
  readonly type: "connect";
  readonly target: string;
  readonly portal: PortalPlace;
  readonly multipath: boolean;
  /** The user, and the name of the file with the secret. */
  readonly chap: { readonly user: string; readonly secret: string } | undefined;
}

/** By what a LUN is known, before there is anything of it. */
export interface LunIdentity {
  readonly target: string;
  readonly lun: number;
  readonly wwn: string;
  /** Empty: whatever it has. */
  readonly serial: string;
  /** 0: whatever it has. */
  readonly sizeBytes: bigint;
  /** Sessions that lead to it. */
  readonly paths: number;
}

export function describe(op: Op): string {
  switch (op.type) {
    case "start-service":
      return "Start-Service MSiSCSI";
    case "enable-multipath":
      return "Install-WindowsFeature Multipath-IO; Enable-MSDSMAutomaticClaim -BusType iSCSI # reboot needed: Windows must be restarted";
    case "add-portal":
      return `New-IscsiTargetPortal ${placeArgs(op.portal)}`;
    case "remove-portal":
      return `Remove-IscsiTargetPortal ${placeArgs(op.portal)}`;
    case "connect": {
      const chap = op.chap ? ` -AuthenticationType ONEWAYCHAP -ChapUsername ${op.chap.user} -ChapSecret ...` : "";
      const multipath = op.multipath ? " -IsMultipathEnabled $true" : "";
      return `Connect-IscsiTarget -NodeAddress ${op.target} ${placeArgs(op.portal)}${multipath}${chap}`;
    }
    case "disconnect":
      return `Disconnect-IscsiTarget -SessionIdentifier ... # each session to ${op.target} at ${shownPortal(op.portal)}`;
    case "confirm-sessions":
      return `Get-IscsiSession # there must be ${op.sessions} to ${op.target} at ${shownPortal(op.portal)}`;
    case "await-lun":
      return `Set-Disk -IsOffline $false # the disk of ${described(op)}, when it is there over ${op.paths} sessions, and no other`;
    case "set-policy":
      return `mpclaim -l -d ... ${POLICY_CODES[op.policy]} # ${op.policy}, for the disk of ${described(op)}`;
  }
}

function placeArgs({ address, port }: PortalPlace): string {
  return `-TargetPortalAddress ${address} -TargetPortalPortNumber ${port}`;
}

function described({ target, lun, wwn, serial, sizeBytes }: LunIdentity): string {
  const facts = [wwn, serial && `serial ${serial}`, sizeBytes > 0n && `${sizeBytes} B`].filter(Boolean);
  return `LUN ${lun} of ${target} (${facts.join(", ")})`;
}
