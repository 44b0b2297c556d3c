/** This host as an initiator: Windows' own (MSiSCSI) with MPIO, by the spec that initiators of Linux take. */
import { type Attachment, type InitiatorSpec, Multipath, Transport } from "@salvo/proto/storage_pb.ts";
import { transportName } from "@salvo/shared/agent/domain/provision/transports.ts";
import type { InitiatorProvider, ProviderDeps } from "@salvo/shared/agent/provision/provider.ts";
import { replaceFile } from "@salvo/shared/files/durable.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PowerShell } from "../powershell/bridge.ts";
import { readPrivateLines } from "../private-file.ts";
import { foundBase, foundLogins, isMultipath, wantedBase, wantedLogin } from "./logins.ts";
import { foundLuns, shownLuns, wantedLun } from "./luns.ts";
import { describe, type Op } from "./op.ts";
import { perform, readState } from "./perform.ts";
import type { Piece } from "./piece.ts";

/** Windows finds disks some seconds after the login. */
const AWAIT_MS = 60_000;

export interface WindowsInitiatorDeps extends ProviderDeps {
  readonly powerShell: PowerShell;
  readonly bootId: () => string;
  readonly awaitMs?: number;
}

export function windowsInitiator(deps: WindowsInitiatorDeps): InitiatorProvider<Op> {
  const { config, powerShell, bootId, awaitMs = AWAIT_MS } = deps;
  // In which boot this agent has enabled MPIO, which begins in the next one.
  const enabledIn = join(config.dataDir, "multipath-enabled-in-boot");
  return {
    async look(spec?: InitiatorSpec) {
      const state = await readState(powerShell);
      const restarted = (await readIfThere(enabledIn)) !== bootId();
      return {
        found: [...foundBase(state, restarted), ...foundLogins(state), ...foundLuns(spec?.attachments ?? [], state)],
        show: () => ({ initiator: state.initiator, hostNqn: "", luns: shownLuns(state) }),
        wanted: ({ attachments }) => wantedPieces(attachments, config.id),
      };
    },
    describe,
    perform: (op) =>
      perform(op, {
        powerShell,
        awaitMs,
        awaitRestart: () => replaceFile(enabledIn, bootId()),
        readSecret: (name) => readSecret(join(dirname(config.identityDir), "secrets", name), powerShell),
      }),
  };
}

function wantedPieces(attachments: readonly Attachment[], host: string): Piece[] {
  for (const attachment of attachments) check(attachment, host);
  return [
    ...wantedBase(attachments),
    ...attachments.flatMap((attachment) => [
      ...attachment.portals.map((portal) => wantedLogin(attachment, portal)),
      ...attachment.luns.map((lun) => wantedLun(attachment, lun)),
    ]),
  ];
}

/** Throws `invalid-input` or `refused` for what Windows cannot have. */
function check(attachment: Attachment, host: string): void {
  const { target, transport, portals, luns, multipath, queueDepth } = attachment;
  const wrong = (why: string, remedy?: string) =>
    new SalvoError("invalid-input", `attachment to ${target}: ${why}`, {
      host,
      ...(remedy !== undefined && { remedy }),
    });
  if (transport !== Transport.ISCSI)
    throw wrong(
      `Windows attaches iscsi, and has no initiator for ${transportName(transport)}`,
      "Write transport: iscsi",
    );
  if (portals.length === 0) throw wrong("it has no portal");
  if (isMultipath(attachment) && multipath === Multipath.NONE)
    throw wrong("Windows makes one disk of several sessions", "Write multipath: round-robin, or sessions: 1");
  if (queueDepth > 0) throw wrong("queueDepth cannot be set on Windows by this agent", "Leave queueDepth out");
  for (const { device, number, guests } of luns) {
    if (device !== "")
      throw new SalvoError(
        "refused",
        `LUN ${number} of ${target} is to be the device ${device}, and runs on Windows use files alone`,
        {
          host,
          remedy: "Leave this agent out of the scenario's initiators; its workloads can use a file on that disk",
        },
      );
    if (guests.length > 0)
      throw wrong(
        `LUN ${number} is for ${guests.map(({ agent }) => agent).join(", ")}, and this host gives no disks to guests`,
      );
  }
}

async function readSecret(file: string, powerShell: PowerShell): Promise<string> {
  const [secret = ""] = await readPrivateLines(file, powerShell);
  // "The CHAP secret has 12 to 16 characters" without IPsec: what Windows' initiator itself demands.
  if (secret.length >= 12 && secret.length <= 16) return secret;
  throw new SalvoError("refused", "a CHAP secret of Windows has 12 to 16 characters, all on the first line", { file });
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (toSalvoError(error).kind === "not-found") return undefined;
    throw error;
  }
}
