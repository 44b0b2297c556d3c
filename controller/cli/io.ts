/** What a command needs of the process; a test brings its own. */
export interface Io {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };
  exitCode?: number | string | null | undefined;
}
