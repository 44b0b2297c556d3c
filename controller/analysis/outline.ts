import {
  type CpuLimit,
  EventKind,
  type HostClock,
  type Record,
  type RunEnd,
  type StartProof,
} from "@salvo/proto/telemetry_pb.ts";

/** What an agent's records tell about the run besides its samples. Times are the agent's own clock. */
export interface AgentOutline {
  readonly agent: string;
  /** The highest tick of any sample. */
  lastTick: number;
  /** The highest tick that each participant's fio answered. */
  readonly answeredTick: Map<string, number>;
  /** The last proof of each participant. */
  readonly starts: Map<string, StartProof>;
  readonly exitedAtNs: Map<string, bigint>;
  readonly exitCodes: Map<string, number>;
  /** All I/O of each participant, ramp and all. */
  readonly ios: Map<string, number>;
  /** The host's name of each participant's disk, where it is told. */
  readonly disks: Map<string, string>;
  readonly warnings: string[];
  /** The last that was told of each participant's fio, and of the agent itself under "". */
  readonly cpuLimits: Map<string, CpuLimit>;
  /** Sessions to storage that were lost and came back, as they did. */
  readonly paths: PathEvent[];
  /** Of an agent that samples another host, as the agent wrote them. */
  readonly hostClocks: HostClock[];
  /** Ticks at which a source of the agent's samples had no reading. */
  readonly gapTicks: Set<number>;
  /** Present when the last record is the agent's last word. */
  end: RunEnd | undefined;
}

export interface PathEvent {
  readonly participant: string;
  readonly down: boolean;
  readonly text: string;
}

export function createOutline(agent: string): AgentOutline {
  return {
    agent,
    lastTick: 0,
    answeredTick: new Map(),
    starts: new Map(),
    exitedAtNs: new Map(),
    exitCodes: new Map(),
    ios: new Map(),
    disks: new Map(),
    warnings: [],
    cpuLimits: new Map(),
    paths: [],
    hostClocks: [],
    gapTicks: new Set(),
    end: undefined,
  };
}

/** Takes the agent's next record into its outline; ascending by seq. */
export function addToOutline(outline: AgentOutline, { atNs, body }: Record): void {
  outline.end = undefined;
  switch (body.case) {
    case "fio": {
      const { participant, tick, stalled, read, write } = body.value;
      outline.lastTick = Math.max(outline.lastTick, tick);
      if (!stalled) outline.answeredTick.set(participant, Math.max(outline.answeredTick.get(participant) ?? 0, tick));
      const ios = (read?.ios ?? 0) + (write?.ios ?? 0);
      outline.ios.set(participant, (outline.ios.get(participant) ?? 0) + ios);
      return;
    }
    case "disk": {
      const { participant, disk } = body.value;
      addTick(outline, body.value);
      if (participant !== "" && disk !== "") outline.disks.set(participant, disk);
      return;
    }
    case "cpu":
    case "net":
      return addTick(outline, body.value);
    case "hostClock":
      outline.hostClocks.push(body.value);
      return;
    case "start":
      outline.starts.set(body.value.participant, body.value);
      return;
    case "final":
      outline.exitCodes.set(body.value.participant, body.value.exitCode);
      return;
    case "event": {
      const { kind, participant, text } = body.value;
      if (kind === EventKind.EXITED) outline.exitedAtNs.set(participant, atNs);
      if (kind === EventKind.PATH_DOWN || kind === EventKind.PATH_UP)
        outline.paths.push({ participant, down: kind === EventKind.PATH_DOWN, text });
      if (kind === EventKind.WARNING) outline.warnings.push(participant ? `${participant}: ${text}` : text);
      return;
    }
    case "cpuLimit":
      outline.cpuLimits.set(body.value.participant, body.value);
      return;
    case "end":
      outline.end = body.value;
      return;
    case undefined: // A record of a newer agent: it is counted and hashed, and that is all.
  }
}

function addTick(outline: AgentOutline, { tick, gap }: { readonly tick: number; readonly gap: boolean }): void {
  outline.lastTick = Math.max(outline.lastTick, tick);
  if (gap) outline.gapTicks.add(tick);
}
