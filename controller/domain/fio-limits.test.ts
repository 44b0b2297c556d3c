import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { AgentDescriptionSchema, type FioLimitsSchema } from "@salvo/proto/agent_pb.ts";
import { RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { Engine, type WorkloadSchema } from "@salvo/proto/workload_pb.ts";
import { expect, test } from "vitest";
import { largestJobProblems, limitProblems } from "./fio-limits.ts";

interface Case {
  readonly workload?: MessageInitShape<typeof WorkloadSchema>;
  readonly devices?: number;
  readonly limits?: MessageInitShape<typeof FioLimitsSchema>;
  readonly kernel?: string;
}

function problems({ workload, devices = 1, limits = {}, kernel = "6.1.0-18-amd64" }: Case): string[] {
  const mine = Array.from({ length: devices }, (_, index) => ({
    id: `guest1.d${index}`,
    agent: "guest1",
    device: "d",
  }));
  const spec = create(RunSpecSchema, {
    participants: [...mine, { id: "guest2.d", agent: "guest2", device: "d" }],
    workload: { name: "w", jobs: 1, queueDepth: 1, engine: Engine.LIBAIO, ...workload },
  });
  const agent = { id: "guest1", host: { kernel }, fio: { version: "fio-3.33", limits } };
  return limitProblems(spec, create(AgentDescriptionSchema, agent));
}

const deep = { jobs: 20, queueDepth: 4096 };

test("asynchronous I/Os: all jobs of all devices of the host together, beside those that others have", () => {
  expect(problems({ workload: deep, limits: { aioMax: 81_920n } })).toEqual([]);
  expect(problems({ workload: deep, limits: { aioMax: 65_536n, aioTaken: 7n } })).toEqual([
    "workload w needs 81920 asynchronous I/Os at once (20 jobs x queue depth 4096 x 1 device), but fs.aio-max-nr of the host is 65536, and 7 are taken. Type on the host: sysctl -w fs.aio-max-nr=1048576",
  ]);
  expect(problems({ workload: deep, limits: { aioMax: 81_920n, aioTaken: 1n } })).toHaveLength(1);
  expect(problems({ workload: deep, devices: 2, limits: { aioMax: 81_920n } })).toHaveLength(1);
  const huge = problems({ workload: { jobs: 256, queueDepth: 4096 }, devices: 2, limits: { aioMax: 1_048_576n } });
  expect(huge).toEqual([expect.stringContaining("fs.aio-max-nr=2097152")]);
});

test("other engines take no asynchronous I/Os", () => {
  for (const engine of [Engine.IO_URING, Engine.PSYNC, Engine.NULL])
    expect(problems({ workload: { ...deep, engine }, limits: { aioMax: 1n } })).toEqual([]);
});

test("open files: one for each job, with io_uring two, and those of the agent", () => {
  const workload = { jobs: 200, engine: Engine.PSYNC };
  expect(problems({ workload, limits: { openFiles: 220n } })).toEqual([]);
  expect(problems({ workload, limits: { openFiles: 219n } })).toEqual([
    "workload w needs 220 open files in one process, but the agent and its fio may open 219 (nofile). Type before the agent is started: ulimit -n 220, or write LimitNOFILE=220 into its systemd unit",
  ]);
  expect(problems({ workload: { ...workload, engine: Engine.IO_URING }, limits: { openFiles: 419n } })).toHaveLength(1);
  expect(problems({ devices: 100, limits: { openFiles: 699n } })).toHaveLength(1);
  expect(problems({ devices: 100, limits: { openFiles: 700n } })).toEqual([]);
});

test("locked memory: rings of kernels before 5.12", () => {
  const workload = { jobs: 8, queueDepth: 1024, engine: Engine.IO_URING };
  const limits = { lockedBytes: 65_536n };
  // 64 KiB of submission entries, and 20800 bytes of rings that take 32 KiB.
  expect(problems({ workload, limits, kernel: "5.10.0-28-amd64" })).toEqual([
    "workload w needs 786432 bytes of locked memory for io_uring (8 jobs x queue depth 1024 x 1 device), but the agent's user may lock 65536 (memlock). Type before the agent is started: ulimit -l 768, or write LimitMEMLOCK=786432 into its systemd unit",
  ]);
  expect(problems({ workload, limits: { lockedBytes: 786_432n }, kernel: "5.10.0" })).toEqual([]);
  for (const kernel of ["5.12.0", "5.15.0-91-generic", "6.1.0", "unknown"])
    expect(problems({ workload, limits, kernel }), kernel).toEqual([]);
  expect(problems({ workload: { ...workload, engine: Engine.LIBAIO }, limits, kernel: "5.10.0" })).toEqual([]);
});

test("a host that forbids io_uring is told of, and only to workloads that want it", () => {
  const limits = { noIoUring: true };
  const [problem, ...more] = problems({ workload: { engine: Engine.IO_URING }, limits });
  expect(problem).toMatch(/kernel\.io_uring_disabled.*sysctl -w kernel\.io_uring_disabled=0/);
  expect(more).toEqual([]);
  expect(problems({ limits })).toEqual([]);
});

test("an agent that tells no limits, or takes no part, has no problem", () => {
  const limits = { aioMax: 1n, openFiles: 1n };
  expect(problems({ workload: deep, devices: 0, limits })).toEqual([]);
  const spec = create(RunSpecSchema, { participants: [{ agent: "guest1" }], workload: deep });
  expect(limitProblems(spec, create(AgentDescriptionSchema, { id: "guest1", fio: { version: "fio-3.33" } }))).toEqual(
    [],
  );
});

test("without a study, a host is told of that has too little for one deep job on each device", () => {
  const agent = (aioMax: bigint) => {
    const fio = { version: "fio-3.33", limits: { aioMax, openFiles: 1024n } };
    return create(AgentDescriptionSchema, { id: "guest1", fio, devices: [{ name: "d1" }, { name: "d2" }] });
  };
  expect(largestJobProblems(agent(8192n))).toEqual([]);
  expect(largestJobProblems(agent(8191n))).toEqual([
    expect.stringMatching(/^workload of one job needs 8192 asynchronous .*\(1 job x queue depth 4096 x 2 devices\)/),
  ]);
});
