import { create } from "@bufbuild/protobuf";
import type { AgentDescription, FioLimits } from "@salvo/proto/agent_pb.ts";
import { type RunSpec, RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { Engine, type Workload } from "@salvo/proto/workload_pb.ts";

/** fio's own files and pipes, and those of the shells of its jobs; 10 were counted. */
const FILES_OF_FIO = 20;
/** The agent's own files and sockets, and for each fio its gate, its pipes and the device. */
const FILES_OF_AGENT = 100;
const FILES_OF_AGENT_EACH = 6;
/** The greatest that a study may have: workload.proto. */
const QUEUE_DEPTH_MAX = 4096;
/** What most systems are advised to use; a kernel begins with 65536. */
const AIO_MAX_USUAL = 1_048_576n;
/** Since then rings are charged to the memory cgroup: "io_uring: place ring SQ/CQ arrays under memcg memory limits". */
const KERNEL_WITHOUT_LOCKED_RINGS = [5, 12] as const;

/** Why the agent's host cannot give a run's jobs what they need at once, each with what to type there; empty when it can. */
export function limitProblems(spec: RunSpec, agent: AgentDescription): string[] {
  const limits = agent.fio?.limits;
  const { workload } = spec;
  const devices = spec.participants.filter((participant) => participant.agent === agent.id).length;
  if (!limits || !workload || devices === 0) return [];
  const problems = [
    workload.engine === Engine.LIBAIO && asynchronous(workload, devices, limits),
    openFiles(workload, devices, limits),
    workload.engine === Engine.IO_URING && rings(workload, devices, limits, agent.host?.kernel ?? ""),
  ];
  return problems.filter((problem) => typeof problem === "string");
}

/** Without a study: what even one job of the greatest queue depth on each of the agent's devices would lack. */
export function largestJobProblems(agent: AgentDescription): string[] {
  const participants = agent.devices.map(({ name }) => ({ agent: agent.id, device: name }));
  const problems = [Engine.LIBAIO, Engine.IO_URING].flatMap((engine) => {
    const workload = { name: "of one job", jobs: 1, queueDepth: QUEUE_DEPTH_MAX, engine };
    return limitProblems(create(RunSpecSchema, { participants, workload }), agent);
  });
  return [...new Set(problems)];
}

/** fs/aio.c: io_setup takes as many events as a job's queue is deep. */
function asynchronous({ name, jobs, queueDepth }: Workload, devices: number, limits: FioLimits): string | undefined {
  const { aioMax, aioTaken } = limits;
  const needed = BigInt(jobs * queueDepth * devices);
  if (aioMax === undefined || aioTaken + needed <= aioMax) return undefined;
  const enough = aioTaken + needed > AIO_MAX_USUAL ? aioTaken + needed : AIO_MAX_USUAL;
  return (
    `workload ${name} needs ${needed} asynchronous I/Os at once (${product(jobs, queueDepth, devices)}), ` +
    `but fs.aio-max-nr of the host is ${aioMax}, and ${aioTaken} are taken. ` +
    `Type on the host: sysctl -w fs.aio-max-nr=${enough}`
  );
}

function openFiles({ name, jobs, engine }: Workload, devices: number, limits: FioLimits): string | undefined {
  const { openFiles: allowed } = limits;
  const ofFio = FILES_OF_FIO + jobs * (engine === Engine.IO_URING ? 2 : 1);
  const ofAgent = FILES_OF_AGENT + FILES_OF_AGENT_EACH * devices;
  const needed = BigInt(Math.max(ofFio, ofAgent));
  if (allowed === undefined || needed <= allowed) return undefined;
  return (
    `workload ${name} needs ${needed} open files in one process, but the agent and its fio may open ${allowed} (nofile). ` +
    `Type before the agent is started: ulimit -n ${needed}, or write LimitNOFILE=${needed} into its systemd unit`
  );
}

function rings(workload: Workload, devices: number, limits: FioLimits, kernel: string): string | undefined {
  const { name, jobs, queueDepth } = workload;
  if (limits.noIoUring)
    return `workload ${name} uses io_uring, which kernel.io_uring_disabled of the host forbids. Type on the host: sysctl -w kernel.io_uring_disabled=0, or use engine: libaio`;
  const needed = BigInt(jobs * devices) * ringBytes(queueDepth);
  if (limits.lockedBytes === undefined || needed <= limits.lockedBytes || chargesNoRings(kernel)) return undefined;
  return (
    `workload ${name} needs ${needed} bytes of locked memory for io_uring (${product(jobs, queueDepth, devices)}), ` +
    `but the agent's user may lock ${limits.lockedBytes} (memlock). ` +
    `Type before the agent is started: ulimit -l ${(needed + 1023n) / 1024n}, or write LimitMEMLOCK=${needed} into its systemd unit`
  );
}

function product(jobs: number, queueDepth: number, devices: number): string {
  return `${jobs} ${jobs === 1 ? "job" : "jobs"} x queue depth ${queueDepth} x ${devices} ${devices === 1 ? "device" : "devices"}`;
}

/** Of one job: the kernel takes two blocks of pages, each a power of two (fs/io_uring.c, ring_pages). */
function ringBytes(queueDepth: number): bigint {
  const entries = powerOfTwo(queueDepth);
  const head = 320;
  return BigInt(
    powerOfTwo(Math.max(4096, head + 16 * entries + 4 * entries)) + powerOfTwo(Math.max(4096, 64 * entries)),
  );
}

function powerOfTwo(least: number): number {
  return 2 ** Math.ceil(Math.log2(least));
}

/** A kernel whose version cannot be read is taken for a new one: what is not known must not keep a run from starting. */
function chargesNoRings(kernel: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(kernel) ?? [];
  if (major === undefined || minor === undefined) return true;
  const [sinceMajor, sinceMinor] = KERNEL_WITHOUT_LOCKED_RINGS;
  return Number(major) > sinceMajor || (Number(major) === sinceMajor && Number(minor) >= sinceMinor);
}
