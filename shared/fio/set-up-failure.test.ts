import { expect, test } from "vitest";
import { createLines, setUpFailure } from "./set-up-failure.ts";

// Recorded from fio 3.33, but for the last two of each list, whose forms are in its backend.c.
test.for([
  [
    "fio: pid=17294, err=11/file:engines/libaio.c:485, func=io_queue_init, error=Resource temporarily unavailable",
    "sysctl -w fs.aio-max-nr=1048576",
  ],
  ["fio: pid=29803, err=24/file:engines/io_uring.c:998, func=io_queue_init, error=Too many open files", "ulimit -n"],
  ["fio: pid=7, err=12/file:engines/io_uring.c:998, func=io_queue_init, error=Cannot allocate memory", "ulimit -l"],
  ["fio: pid=7, err=1/file:engines/io_uring.c:998, func=io_queue_init, error=Operation not permitted", "io_uring_dis"],
  ["pthread_create: Resource temporarily unavailable", "ulimit -u"],
  ["fio: exec of cmd <exec 3<gate && echo . >ready > job.prerun.txt 2>&1> failed", "TasksMax="],
])("a job's failure is told in fio's words, with what to do: %s", ([line, remedy]) => {
  const told = setUpFailure(`${line}\r`);
  expect(told).toMatch(/^a job failed before its gate: /);
  expect(told).toContain(line);
  expect(told).toContain(remedy);
});

test.for([
  "fio: pid=7, err=5/file:filesetup.c:700, func=open(/data/disk1), error=Input/output error",
  "fio: job startup hung? exiting.",
  "fio: 2 jobs failed to start",
])("a failure without a known remedy is told all the same: %s", (line) => {
  expect(setUpFailure(line)).toBe(`a job failed before its gate: ${line}`);
});

test.for([
  "job : Saving output of prerun in job.prerun.txt",
  "fio: pid=7, err=0/",
  "note: both iodepth >= 1 and synchronous I/O engine are selected, queue depth will be capped at 1",
  "fio: terminating on signal 15",
  "",
])("what is no failure of a job is none: %s", (line) => {
  expect(setUpFailure(line)).toBeUndefined();
});

test("lines come out whole however the stream is chopped, and an endless one is not kept", () => {
  const push = createLines();
  const parts = ["fi", "o: a\nfio", ": b\n\n", "c"].map((part) => push(Buffer.from(part)));
  expect(parts).toEqual([[], ["fio: a"], ["fio: b", ""], []]);
  push(Buffer.alloc(100_000, "x"));
  expect(push(Buffer.from("\n"))).toEqual(["x".repeat(4096)]);
});
