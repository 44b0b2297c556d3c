/** iscsid, by which iscsiadm logs in and which keeps sessions alive. */
import { type SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, sleep } from "@salvo/shared/kernel/signal.ts";
import type { Host } from "../provision/host.ts";
import { mustRun } from "../provision/perform.ts";
import type { StartDaemonOp } from "./op.ts";
import type { Piece } from "./piece.ts";

/** Sockets of this network namespace, as which iscsiadm looks for it: proc_pid_net(5). Flags 00010000: it listens. */
const SOCKETS = "/proc/net/unix";
/** usr/mgmt_ipc.h of open-iscsi. @ stands for the zero that begins an abstract name; strace of 2.1.8 shows the same. */
const LISTENS = /^\S+: \S+ \S+ 00010000 .* @ISCSIADM_ABSTRACT_NAMESPACE$/m;

/** How long it may take until it listens, after the program that starts it has ended. */
const ANSWER_MS = 10_000;
const LOOK_MS = 50;

/**
 * Whether iscsiadm can connect to it: it listens, or systemd does so in its place and starts it then. A file with its number says
 * less: it is there later, and stays when the daemon is killed.
 */
export function isListening(host: Pick<Host, "read">): boolean {
  return LISTENS.test(host.read(SOCKETS) ?? "");
}

export const DAEMON = "daemon iscsid";

export function daemonPiece(host: Pick<Host, "list">): Piece {
  // Started by itself it goes to the background.
  const bySystemd = host.list("/run/systemd/system") !== undefined;
  const command = bySystemd
    ? { program: "systemctl", args: ["start", "iscsid.service"] }
    : { program: "iscsid", args: [] };
  return {
    id: DAEMON,
    kind: "daemon",
    text: "iscsid, which keeps sessions alive",
    needs: [],
    facts: {},
    settings: {},
    make: [{ type: "start-daemon", ...command }],
    remove: [],
    shared: "stays",
  };
}

/** Runs a program that leaves a daemon behind. */
export function runDaemon(program: string, args: readonly string[]): Promise<void> {
  return mustRun(program, args, { leavesDaemon: true });
}

export interface DaemonDeps {
  readonly host: Pick<Host, "read">;
  /** Throws what the program said when it did not end with 0. */
  readonly run: (program: string, args: readonly string[]) => Promise<void>;
  /** How long to wait for it; a test waits less. */
  readonly answerMs?: number;
}

/**
 * Starts it, and waits until iscsiadm can connect to it. Others may start it at the same time, as iscsiadm itself does: then the second
 * one fails, and what counts is that one of them listens. Throws what the program said, and `timeout` when it said nothing is wrong.
 */
export async function startDaemon(
  { program, args }: StartDaemonOp,
  { host, run, answerMs = ANSWER_MS }: DaemonDeps,
): Promise<void> {
  if (isListening(host)) return;
  let failure: SalvoError | undefined;
  try {
    await run(program, args);
  } catch (error) {
    failure = toSalvoError(error);
  }
  using signal = deadline(answerMs, `${program} ended well, and iscsid does not listen: waiting for it`);
  while (!isListening(host)) {
    try {
      await sleep(LOOK_MS, { signal });
    } catch (late) {
      throw failure ?? late;
    }
  }
}
