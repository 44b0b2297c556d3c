import { closeSync, constants, openSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import type { Gate } from "@salvo/shared/agent/fio/workloads.ts";
import { gateLine } from "@salvo/shared/fio/gate.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { said } from "@salvo/shared/process/answer-of.ts";
import { run } from "@salvo/shared/process/run.ts";

/**
 * Two FIFOs and a file. Every job's shell writes a line to `ready` and then reads from `gate`, where it blocks: this
 * process holds the writing end. Closing it wakes all of them at once, and the file `go` tells them that it was meant:
 * when the agent dies its end closes too, but there is no `go`, and fio does no I/O.
 */
export async function openGate(folder: string): Promise<Gate> {
  const paths = { ready: join(folder, "ready"), gate: join(folder, "gate"), go: join(folder, "go") };
  const made = await run("mkfifo", ["-m", "600", paths.ready, paths.gate], { timeoutMs: 5_000 });
  if (made.exitCode !== 0) {
    throw new SalvoError("program-failed", `the gate cannot be made: mkfifo failed (${said(made)})`, {
      remedy: "Put dataDir on a file system of Linux's own, with space left.",
    });
  }

  // Read-write, or opening would wait for the other side (fifo(7)); non-blocking, so that the event loop can read it.
  const ready = new Socket({
    fd: openSync(paths.ready, constants.O_RDWR | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  });
  let gate: number | undefined = openSync(paths.gate, constants.O_RDWR | constants.O_NONBLOCK);

  const shut = () => {
    if (gate !== undefined) closeSync(gate);
    gate = undefined;
  };
  return {
    // By names alone: fio and its shells are started in the folder, whose own path may have any character in it.
    command: gateLine({ ready: "ready", gate: "gate", go: "go" }),
    parked: lines(ready),
    allow: () => writeFileSync(paths.go, ""),
    open: shut,
    close() {
      shut();
      ready.destroy();
    },
  };
}

async function* lines(socket: Socket): AsyncIterable<void> {
  try {
    // A Socket without an encoding yields Buffers.
    for await (const chunk of socket as AsyncIterable<Uint8Array>) {
      for (const byte of chunk) if (byte === 0x0a) yield;
    }
  } catch (error) {
    // close() destroys the socket under the reader: that is the end of the lines, not a failure.
    if (!socket.destroyed) throw error;
  }
}
