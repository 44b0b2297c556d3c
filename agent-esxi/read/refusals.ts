/** What hosts say when they do not know a command: it is not there, and nothing else is wrong. */
const UNKNOWN = [
  /^Error: Unknown command or namespace /m,
  /\bInvalid namespace\b/,
  /\bNot supported on this host\b/,
  /: not found$/m,
];

export function isUnknownCommand(said: string): boolean {
  return UNKNOWN.some((pattern) => pattern.test(said));
}

/** hostd is not there: vim-cmd and esxcli need it, localcli does not. */
export function isHostdDown(said: string): boolean {
  return /Connect to localhost failed|Connection failure/.test(said);
}
