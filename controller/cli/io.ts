/** What a command needs of the process; a test brings its own. */
export interface Io {
  readonly stdout: {
    /** Of a terminal. */
    readonly columns?: number;
    /** False when nothing more should be written before `drain`. */
    write(text: string): unknown;
    once?(event: "drain", listener: () => void): unknown;
  };
  readonly stderr: { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };
  exitCode?: number | string | null | undefined;
}
