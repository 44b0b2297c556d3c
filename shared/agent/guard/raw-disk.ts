import type { Device } from "@salvo/proto/lab_pb.ts";
import type { Waiting } from "../../kernel/signal.ts";
import { RESERVED_BYTES } from "../domain/guard/label.ts";
import type { RawPlan } from "../domain/guard/judge.ts";
import { refusal } from "../domain/guard/refusal.ts";
import type { OpenDevice } from "../devices/open-device.ts";
import type { Claims } from "./claims.ts";
import { type Examined, examine, type ExamineDeps, refused } from "./examine.ts";

export interface RawDiskDeps extends ExamineDeps {
  readonly claims: Claims;
  /** The lab that the run is of, when that is known. */
  readonly lab: string | undefined;
  /** What the disk was when the run was planned. */
  readonly deviceHash: string;
}

/**
 * Opens a raw disk for a run and holds it, if nothing speaks against it; otherwise throws `refused` with every reason.
 * Until it is closed nobody else can take it for themselves. fio opens it beside us, by its path, which stays its own.
 */
export async function openRawDisk(device: Device, deps: RawDiskDeps, waiting?: Waiting): Promise<OpenDevice> {
  return holdDisk(device, await examineForUse(device, deps, waiting), RESERVED_BYTES, deps);
}

/** The same without holding it: the node of a disk that nothing speaks against. Throws `refused`. */
export async function nodeForUse(device: Device, deps: RawDiskDeps): Promise<string> {
  using examined = await examineForUse(device, deps);
  if (examined.refusals.length > 0) throw refused(device, examined.refusals, deps.host);
  return examined.identity.node;
}

async function examineForUse(device: Device, deps: RawDiskDeps, waiting?: Waiting): Promise<Examined> {
  const { lab, deviceHash } = deps;
  const claim = await deps.claims.read(device.name);
  const usable = { firstByte: RESERVED_BYTES, sizeBytes: device.sizeBytes - RESERVED_BYTES };
  const planOf = (node: string): RawPlan => ({ ...usable, node, deviceHash });
  return examine(device, ({ node }) => ({ type: "use", claim, lab, plan: planOf(node) }), deps, waiting);
}

/** Of an examination for use. Throws `refused`, and has closed it then. */
export function holdDisk(
  device: Device,
  examined: Examined,
  reservedBytes: bigint,
  { host }: Pick<ExamineDeps, "host">,
): OpenDevice {
  const { identity, opened, refusals } = examined;
  if (refusals.length > 0) {
    opened.close();
    throw refused(device, refusals, host);
  }
  return {
    path: identity.path,
    reservedBytes,
    recheck() {
      const found = examined.again();
      if (found.length > 0) throw refused(device, found, host);
    },
    recheckQuickly() {
      const node = opened.node();
      if (node === identity.node) return;
      throw refused(device, [refusal("stale", `${identity.path} is device ${node}, ${identity.node} was armed`)], host);
    },
    close: () => opened.close(),
  };
}
