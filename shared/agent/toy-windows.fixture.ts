/** A platform as Windows will have it: jobs wait at a pipe, fio is ended by killing it, counters come from a table. */
import { create } from "@bufbuild/protobuf";
import { HostSchema } from "@salvo/proto/agent_pb.ts";
import { on, once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { Gate } from "./fio/workloads.ts";
import { LINUX } from "../fio/system.ts";
import type { Platform } from "./platform.ts";
import { LINUX_LEAD } from "./run/lead.ts";
import { readAtOnce } from "./sampler/at-once.ts";

/** So much more is in every counter whenever the table is read. */
export const TOY_STEP = 40;

/** No disks, no storage roles. A port of the loopback stands for \\.\pipe\NAME, and bash for cmd. */
export function toyWindows(): Platform {
  return {
    describeHost: async () => create(HostSchema, { name: "toy-windows" }),
    bootId: () => "toy-boot",
    sampler: {
      async open({ clock, participants }) {
        let total = 0;
        const cores = readAtOnce(clock, () => {
          const ms = (total += TOY_STEP);
          return [{ userMs: ms, systemMs: 0, irqMs: 0, softirqMs: 0, stealMs: 0, idleMs: ms, iowaitMs: 0 }];
        });
        const disk = () => {
          const times = { busyMs: total, readMs: total, writeMs: 0, queueMs: total };
          return { reads: total, readBytes: total * 4096, writes: 0, writtenBytes: 0, inFlight: 1, ...times };
        };
        const disks = participants.map(({ id }) => ({ participant: id, name: "disk0", read: readAtOnce(clock, disk) }));
        return { cores, disks, [Symbol.dispose]: () => void (total = 0) };
      },
    },
    workloads: {
      system: LINUX,
      timing: { stampLagNs: 0n, lead: LINUX_LEAD },
      environmentOf: () => ({}),
      openGate: openPipe,
      requestDump: (fio) => fio.signal("SIGUSR1"),
      endFio: (fio) => fio.kill(),
      holdFile: async ({ fd }) => ({ path: `/proc/${process.pid}/fd/${fd}`, release() {} }),
      readFioLimits: () => undefined,
      readCpuLimits: () => undefined,
      findWays: () => undefined,
    },
  };
}

/** Every job reads a line. What it waits for is the line's end: a line that never ends, when the agent dies, lets nobody go. */
async function openPipe(): Promise<Gate> {
  const jobs: Socket[] = [];
  const pipe = createServer((job) => void jobs.push(job.setNoDelay().on("error", () => job.destroy())));
  const connections = on(pipe, "connection", { close: ["close"] });
  await once(pipe.listen(0, "127.0.0.1"), "listening");
  const address = pipe.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return {
    command: `bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port} && read -r word <&3 && [ "$word" = go ]'`,
    parked: (async function* () {
      for await (const _ of connections) yield;
    })(),
    allow: () => jobs.forEach((job) => job.write("go")),
    open: () => jobs.forEach((job) => job.write("\n")),
    close() {
      for (const job of jobs) job.destroy();
      pipe.close();
    },
  };
}
