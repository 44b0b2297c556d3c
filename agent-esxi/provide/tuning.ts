/** How the host queues commands to a LUN when several virtual machines use it. Recorded, and set where it is asked for. */
import type { DeviceTuning } from "@salvo/proto/hypervisor_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Facts } from "./facts.ts";
import { type DeviceFacts, readDevices } from "./luns.ts";
import { type ConfirmDevice, esxcli, type Op } from "./op.ts";
import type { Found, Piece, Setting } from "./piece.ts";

type Name = "outstanding" | "queueFullSampleSize" | "queueFullThreshold";

/** Options of `storage core device set`. */
function setting(device: string, name: Name, value: string): Setting {
  const option = {
    outstanding: "--sched-num-req-outstanding",
    queueFullSampleSize: "--queue-full-sample-size",
    queueFullThreshold: "--queue-full-threshold",
  }[name];
  const set: Op = esxcli("storage", "core", "device", "set", "-d", device, `${option}=${value}`);
  const check: ConfirmDevice = { type: "confirm-device", device, setting: name, value };
  return { value, ops: [set, check] };
}

function valuesOf(tuning: DeviceTuning): (readonly [Name, string])[] {
  const { queueFullSampleSize, queueFullThreshold } = tuning;
  const outstanding = tuning.outstanding > 0 ? tuning.outstanding : undefined;
  const given = { outstanding, queueFullSampleSize, queueFullThreshold };
  const names: readonly Name[] = ["outstanding", "queueFullSampleSize", "queueFullThreshold"];
  return names.flatMap((name) => (given[name] === undefined ? [] : [[name, String(given[name])] as const]));
}

export function wantedTuning(tuning: DeviceTuning): Piece {
  return tuningPiece(tuning.device, valuesOf(tuning));
}

/** How the wanted devices are set now. Throws `refused` for a device that is not there. */
export async function foundTunings(wanted: readonly DeviceTuning[], facts: Facts): Promise<Found[]> {
  const devices = wanted.length > 0 ? await readDevices(facts) : new Map<string, DeviceFacts>();
  return wanted.map((tuning) => {
    const known = devices.get(tuning.device);
    if (!known)
      throw new SalvoError("refused", `${tuning.device} is no device of this host`, {
        host: facts.host,
        remedy: "Attach the LUN first, as an initiator",
      });
    return tuningPiece(
      tuning.device,
      valuesOf(tuning).map(([name]) => [name, known[name]]),
    );
  });
}

/** It is there as long as the device is, and is whoever's turn it is to set: devices of others are refused before. */
function tuningPiece(device: string, values: readonly (readonly [Name, string])[]): Piece {
  return {
    id: `tuning ${device}`,
    kind: "tuning",
    text: `queueing of ${device}`,
    needs: [],
    facts: {},
    settings: Object.fromEntries(values.map(([name, value]) => [name, setting(device, name, value)])),
    make: [],
    remove: [],
    follows: true,
  };
}
