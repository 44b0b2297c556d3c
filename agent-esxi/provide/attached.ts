import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AttachedLunSchema } from "@salvo/proto/initiator_pb.ts";
import { readAdapters } from "./adapters.ts";
import type { Facts } from "./facts.ts";
import { readSessions, transportOf } from "./logins.ts";
import { readDevices, readPaths } from "./luns.ts";

interface Shown {
  readonly initiator: string;
  readonly hostNqn: string;
  readonly luns: readonly MessageInitShape<typeof AttachedLunSchema>[];
}

/** Every LUN, once for each session to it. */
export async function shownAttached(facts: Facts): Promise<Shown> {
  const [sessions, devices] = [await readSessions(facts), await readDevices(facts)];
  const luns = (await readPaths(facts)).map(({ target, number, device, isid, adapter, state }) => {
    const session = sessions.find((each) => each.adapter === adapter && each.target === target && each.isid === isid);
    return {
      target,
      number,
      session: isid,
      disk: device,
      wwn: device,
      sizeBytes: devices.get(device)?.sizeBytes ?? 0n,
      multipath: device,
      state,
      ...(session && { transport: transportOf(session.ref) }),
    };
  });
  return { initiator: await initiatorName(facts), hostNqn: "", luns };
}

/** By what the host logs in. Each adapter has a name; adapters of one host have the same unless somebody changed one. */
async function initiatorName(facts: Facts): Promise<string> {
  const [first] = await readAdapters(facts);
  if (!first) return "";
  return (await facts.get(`iscsi adapter get -A ${first.name}`))?.text("Name") ?? "";
}
