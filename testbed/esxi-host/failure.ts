/** A command that fails as a real one does: with a text of the host and an exit code. */
export class CommandFailure extends Error {
  readonly exitCode: number;

  constructor(text: string, exitCode = 1) {
    super(text);
    this.exitCode = exitCode;
  }
}

/** The form of most refusals of the VMkernel (captures of 6.5 to 8.0). */
export function sysinfoFailure(why: string): CommandFailure {
  return new CommandFailure(
    `Unable to complete Sysinfo operation.  Please see the VMkernel log file for more details.: Sysinfo error: ${why}See VMkernel log for details.`,
  );
}
