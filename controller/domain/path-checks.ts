/** What was found out about a way, judged. Pure. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  CheckKind,
  CheckOutcome,
  type Link,
  type PathCheck,
  type PathCheckSchema,
  type PathServicePingResponse,
} from "@salvo/proto/path_pb.ts";
import { least } from "@salvo/shared/kernel/extremes.ts";

type Check = MessageInitShape<typeof PathCheckSchema>;

const { PASSED, FAILED, NOT_DONE } = CheckOutcome;
/** Of a link that tells none: what every network lets through. */
const MTU_MIN = 1500;

/** As large as the smaller of the two links takes. */
export function packetBytesFor(near: Link | undefined, far: Link | undefined): number {
  const known = [near?.mtu, far?.mtu].filter((mtu) => mtu !== undefined && mtu > 0);
  return known.length === 0 ? MTU_MIN : least(known as number[]); // undefined was left out
}

export function linkCheck(near: Link | undefined, far: Link | undefined): Check {
  const lineRateMbps = slower(near, far);
  const base = { kind: CheckKind.LINK, lineRateMbps };
  if (!near || !far) return { ...base, outcome: FAILED, text: `no link ${near ? "there" : "here"} has the address` };
  const ends = [near, far];
  const down = ends.find(({ state }) => state !== "up");
  const text = `${ends.map(({ name, mtu }) => `${name} (MTU ${mtu})`).join(" and ")}${lineRateMbps > 0 ? `, ${lineRateMbps / 1000} Gbit/s` : ""}`;
  return down
    ? { ...base, outcome: FAILED, text: `${down.name} is ${down.state}` }
    : { ...base, outcome: PASSED, text };
}

function slower(near: Link | undefined, far: Link | undefined): number {
  const known = [near?.speedMbps ?? 0, far?.speedMbps ?? 0].filter((speed) => speed > 0);
  return known.length === 0 ? 0 : least(known);
}

export function mtuCheck(packetBytes: number, ping: PathServicePingResponse): Check {
  const { sent, received, rttMinMs, problem } = ping;
  if (ping.notInstalled) return { kind: CheckKind.MTU, outcome: NOT_DONE, text: problem };
  const ok = received === sent && sent > 0;
  const text = ok
    ? `${packetBytes} bytes get through whole, in ${rttMinMs.toFixed(2)} ms`
    : `${packetBytes} bytes do not get through whole: ${problem}`;
  return { kind: CheckKind.MTU, outcome: ok ? PASSED : FAILED, text };
}

export function rdmaCheck(near: Link | undefined, far: Link | undefined): Check {
  const kind = CheckKind.RDMA;
  const [here, there] = [near?.rdma[0], far?.rdma[0]];
  if (!here || !there)
    return {
      kind,
      outcome: FAILED,
      text: `${(here ? far : near)?.name ?? "the link"} has no RDMA device ${here ? "there" : "here"}`,
    };
  const down = [here, there].find(({ state }) => state !== "ACTIVE");
  if (down)
    return { kind, outcome: FAILED, text: `${down.name} is ${down.state || "in no state"} (${down.physicalState})` };
  return {
    kind,
    outcome: PASSED,
    text: [here, there].map(({ name, linkLayer }) => `${name} (${linkLayer})`).join(" and "),
  };
}

interface Measured {
  readonly problem: string;
  readonly notInstalled: boolean;
  readonly mibPerSec: number;
}

export function rpingCheck(measured: Measured): Check {
  const text = measured.problem || "messages come back as they were sent";
  return { kind: CheckKind.RPING, outcome: outcomeOf(measured), text };
}

export function bandwidthCheck(measured: Measured, near: Link | undefined, far: Link | undefined): Check {
  const { problem, mibPerSec } = measured;
  const lineRateMbps = slower(near, far);
  const share =
    lineRateMbps > 0 ? `, ${((mibPerSec * 8 * 1.048576 * 100) / lineRateMbps).toFixed(0)} % of the line's rate` : "";
  return {
    kind: CheckKind.WRITE_BANDWIDTH,
    outcome: outcomeOf(measured),
    text: problem || `${mibPerSec.toFixed(1)} MiB/s${share}`,
    mibPerSec,
    lineRateMbps,
  };
}

function outcomeOf({ problem, notInstalled }: Measured): CheckOutcome {
  if (problem === "") return PASSED;
  return notInstalled ? NOT_DONE : FAILED;
}

/** "guest1 to target (10.0.0.1): MTU: 9000 bytes get through whole" */
export function describeCheck({ from, to, address, kind, outcome, text }: PathCheck): string {
  return `${from} to ${to} (${address}): ${CHECK_WORDS[kind]} ${OUTCOME_WORDS[outcome]}: ${text}`;
}

export const CHECK_WORDS: Readonly<Record<CheckKind, string>> = {
  [CheckKind.UNSPECIFIED]: "unknown check",
  [CheckKind.LINK]: "link",
  [CheckKind.MTU]: "MTU",
  [CheckKind.RDMA]: "RDMA device",
  [CheckKind.RPING]: "rping",
  [CheckKind.WRITE_BANDWIDTH]: "RDMA write bandwidth",
};

export const OUTCOME_WORDS: Readonly<Record<CheckOutcome, string>> = {
  [CheckOutcome.UNSPECIFIED]: "unknown",
  [CheckOutcome.PASSED]: "ok",
  [CheckOutcome.FAILED]: "FAILED",
  [CheckOutcome.NOT_DONE]: "not done",
};
