/**
 * What fio says when one of its jobs cannot be set up. The other jobs wait on at their gates and fio goes on running, so its
 * end tells nobody. fio 3.33 prints the error of a job on standard output and the others on standard error (backend.c).
 */

/** In fio's words, with what to do where that is known. Undefined for any other line. */
export function setUpFailure(line: string): string | undefined {
  const words = line.trim();
  const job = /^fio: pid=\d+, err=(\d+)\/(.*)$/.exec(words);
  if (job) return job[1] === "0" ? undefined : told(words, jobRemedy(Number(job[1]), job[2] ?? ""));
  if (/^(pthread_create: |fio: exec of cmd )/.test(words)) return told(words, PROCESSES);
  if (/^fio: (pid=\d+, got signal=|pid=\d+ disappeared|job startup hung|\d+ jobs? failed to start)/.test(words))
    return told(words, undefined);
  return undefined;
}

const PROCESSES = "Raise what limits the agent's processes: ulimit -u, or TasksMax= of its systemd unit";

/** By errno, and by the engine whose source the line names. */
function jobRemedy(errno: number, place: string): string | undefined {
  if (errno === EMFILE) return "Raise the agent's limit on open files: ulimit -n, or LimitNOFILE= of its systemd unit";
  if (errno === ENFILE) return "Raise the host's limit on open files: sysctl -w fs.file-max=NUMBER";
  const inAio = place.includes("engines/libaio.c");
  const inRing = place.includes("engines/io_uring.c");
  if (inAio && errno === EAGAIN)
    return "The host's asynchronous I/Os are used up. Type on the host: sysctl -w fs.aio-max-nr=1048576";
  if (inRing && errno === ENOMEM)
    return "Raise the agent's limit on locked memory: ulimit -l, or LimitMEMLOCK= of its systemd unit";
  if (inRing && errno === EPERM)
    return "The host refuses io_uring. Type on the host: sysctl -w kernel.io_uring_disabled=0, or use engine: libaio";
  if (inRing && errno === ENOSYS) return "The host's kernel has no io_uring. Use engine: libaio";
  return undefined;
}

// asm-generic/errno-base.h and errno.h of Linux.
const EPERM = 1;
const EAGAIN = 11;
const ENOMEM = 12;
const ENFILE = 23;
const EMFILE = 24;
const ENOSYS = 38;

function told(words: string, remedy: string | undefined): string {
  const text = `a job failed before its gate: ${words}`;
  return remedy === undefined ? text : `${text}. ${remedy}`;
}

/** The end of a line that has no end yet may be longer than this only when it is no line of fio's. */
const LINE_CHARS_MAX = 4096;

/** Cuts a stream into lines, however it is chopped. */
export function createLines(): (chunk: Buffer) => string[] {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk.toString("latin1")).split("\n");
    rest = (lines.pop() ?? "").slice(-LINE_CHARS_MAX);
    return lines;
  };
}
