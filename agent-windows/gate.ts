import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Gate } from "@salvo/shared/agent/fio/workloads.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";

/** The agent makes this file only when it means to go: an agent that died leaves a closed pipe, and no such file. */
const GO = "go";

/**
 * A named pipe and a file. Every job's cmd reads a line from the pipe, where it blocks. Ending all connections wakes all of them
 * at once, and the file `go` tells them that it was meant. What comes over the pipe is never looked at.
 */
export async function openGate(folder: string, jobs: number): Promise<Gate> {
  const pipe = `\\\\.\\pipe\\salvo-${randomBytes(16).toString("hex")}`;
  const waiting = new Set<Socket>();
  const { mark, marks, end } = parkedMarks();
  const server = createServer((job) => {
    waiting.add(job);
    // A job that is ended breaks its pipe; its fio tells of that.
    job.on("error", () => job.destroy()).on("close", () => waiting.delete(job));
    mark();
  });
  try {
    // A client that finds no free instance of a pipe is told that it is busy, and does not wait: there is one for each job.
    process.env["NODE_PENDING_PIPE_INSTANCES"] = String(jobs + 1);
    await once(server.listen(pipe), "listening");
  } catch (error) {
    throw toSalvoError(error);
  } finally {
    delete process.env["NODE_PENDING_PIPE_INSTANCES"];
  }

  const go = join(folder, GO);
  const letGo = () => {
    for (const job of waiting) job.destroy();
  };
  return {
    command: gateLine(pipe),
    parked: marks,
    allow: () => writeFileSync(go, ""),
    open: letGo,
    close() {
      end();
      letGo();
      server.close();
    },
  };
}

/**
 * The value of `exec_prerun`, which fio gives to cmd. fio appends " > job.prerun.txt 2>&1" to it, hence the last `exit 0`. Where
 * the file is missing the job ends with an error; so it does when cmd cannot open the pipe, as then nobody was parked.
 */
export function gateLine(pipe: string): string {
  assert(/^\\\\\.\\pipe\\[a-z0-9-]+$/.test(pipe), `${pipe} is no pipe for a gate`);
  return `set /p x=<${pipe} & (if not exist ${GO} exit 1) & exit 0`;
}

/** One for every connection, until the end. */
function parkedMarks() {
  let pending = 0;
  let over = false;
  let wake = () => {};
  async function* marks(): AsyncGenerator<void> {
    for (;;) {
      for (; pending > 0; pending--) yield;
      if (over) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return {
    marks: marks(),
    mark: () => {
      pending++;
      wake();
    },
    end: () => {
      over = true;
      wake();
    },
  };
}
