/** Whether the way from every guest to the target's portals is what it should be, before anything is measured over it. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { LabAgent } from "@salvo/proto/lab_pb.ts";
import { ChannelTest, type Link, type PathCheck, PathCheckSchema, PathService } from "@salvo/proto/path_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import type { Client } from "@salvo/shared/rpc/client.ts";
import { bandwidthCheck, linkCheck, mtuCheck, packetBytesFor, rdmaCheck, rpingCheck } from "../domain/path-checks.ts";
import { type Channels, expectedOf } from "./channels.ts";

export interface Sessions {
  readonly target: LabAgent;
  readonly guests: readonly LabAgent[];
  /** Whether there must be RDMA. Without it what there is of it on both ends is tried. */
  readonly rdma?: boolean;
}

export interface CheckDeps {
  readonly channels: Channels;
  readonly signal: AbortSignal;
  readonly onCheck: (check: PathCheck) => void;
}

const LOOK_MS = 15_000;
const PING_MS = 30_000;
const CHANNEL_MS = 60_000;
const PINGS = 3;

/** One guest after another: tests of the channel at the same time would be in each other's way. Never throws for what is found. */
export async function checkPaths({ target, guests, rdma }: Sessions, deps: CheckDeps): Promise<PathCheck[]> {
  const checks: PathCheck[] = [];
  for (const guest of guests)
    for (const address of target.storageAddresses) checks.push(...(await checkPath(guest, address)));
  return checks;

  async function checkPath(guest: LabAgent, address: string): Promise<PathCheck[]> {
    const { signal } = deps;
    const near = clientOf(guest, deps);
    const far = clientOf(target, deps);
    const own = guest.storageAddresses[0] ?? "";
    const [nearLink, farLink] = await Promise.all([linkOf(near, own, signal), linkOf(far, address, signal)]);
    const found = [linkCheck(nearLink, farLink)];
    const packetBytes = packetBytesFor(nearLink, farLink);
    const ping = await near.ping({ address, packetBytes, count: PINGS }, { deadlineMs: PING_MS, signal });
    found.push(mtuCheck(packetBytes, ping));
    if (rdma ?? [nearLink, farLink].every((link) => link !== undefined && link.rdma.length > 0)) {
      found.push(rdmaCheck(nearLink, farLink));
      found.push(rpingCheck(await channel(ChannelTest.RPING)));
      const measured = await channel(ChannelTest.WRITE_BANDWIDTH);
      found.push(bandwidthCheck(measured, nearLink, farLink));
    }
    return found.map((each) => told({ ...each, from: guest.id, to: target.id, address }, deps));

    async function channel(test: ChannelTest): Promise<{ problem: string; notInstalled: boolean; mibPerSec: number }> {
      const leave = new AbortController();
      const serving = far.serve({ test, address }, { signal: AbortSignal.any([signal, leave.signal]) });
      try {
        const { value } = await serving.next();
        if (!value) return failed("nobody serves");
        if (value.problem !== "") return { ...value, mibPerSec: 0 };
        const at = { test, address, port: value.port, from: own };
        return await near.measure(at, { deadlineMs: CHANNEL_MS, signal });
      } catch (error) {
        signal.throwIfAborted();
        return failed(toSalvoError(error).message);
      } finally {
        leave.abort(new SalvoError("cancelled", "the test is over"));
        await serving.return(undefined).catch(() => undefined); // it was left on purpose
      }
    }
  }
}

const failed = (problem: string) => ({ problem, notInstalled: false, mibPerSec: 0 });

type CheckInit = MessageInitShape<typeof PathCheckSchema>;

function told(init: CheckInit, { onCheck }: CheckDeps): PathCheck {
  const check = create(PathCheckSchema, init);
  onCheck(check);
  return check;
}

function clientOf(agent: LabAgent, { channels }: CheckDeps): Client<typeof PathService> {
  return channels.clientOf(PathService, expectedOf(agent));
}

async function linkOf(
  client: Client<typeof PathService>,
  address: string,
  signal: AbortSignal,
): Promise<Link | undefined> {
  if (address === "") return undefined;
  return (await client.inspect({ addresses: [address] }, { deadlineMs: LOOK_MS, signal })).links[0];
}
