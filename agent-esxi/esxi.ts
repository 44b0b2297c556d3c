/** The ESXi host that the agent speaks for, over SSH: what commands it has, and what they answer. */
import { EsxiHostSchema, type AgentConfig, type EsxiHost } from "@salvo/proto/agent_file_pb.ts";
import { create } from "@bufbuild/protobuf";
import { randomUUID } from "node:crypto";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Waiting } from "@salvo/shared/kernel/signal.ts";
import { shellLine } from "@salvo/shared/ssh/quote.ts";
import type { SshRan } from "@salvo/shared/ssh/ran.ts";
import { type CommandOptions, openSteadySsh, type SteadySsh } from "@salvo/shared/ssh/steady.ts";
import { type Answer, unreadable } from "./read/answer.ts";
import { type Commands, readCommands } from "./read/commands.ts";
import { type Format, FORMATS, readAnswer, readList } from "./read/formats.ts";
import { isHostdDown, isUnknownCommand } from "./read/refusals.ts";

export interface Esxi extends Disposable {
  /** For messages. */
  readonly name: string;
  readonly ssh: SteadySsh;
  /** Runs a program of the host. Throws `program-failed` with what it said unless it ends with 0. */
  run(argv: readonly string[], options?: CommandOptions): Promise<SshRan>;
  /** As run, whatever its exit code. */
  try(argv: readonly string[], options?: CommandOptions): Promise<SshRan>;
  /** What a command of esxcli answers: ["iscsi", "software", "get"]. */
  ask(args: readonly string[], waiting?: Waiting): Promise<Answer>;
  /** As ask, of a command that lists things: there may be none. */
  list(args: readonly string[], waiting?: Waiting): Promise<Answer>;
  /**
   * As list, of many commands in one go: SSH and a shell are started once. Answers by command; one that fails has none, and whoever
   * asks for it alone is told why.
   */
  listMany(commands: readonly (readonly string[])[], waiting?: Waiting): Promise<(Answer | undefined)[]>;
  /** Asked once in each boot of the host. */
  commands(waiting?: Waiting): Promise<Commands>;
  /** What was learned of the host is learned anew: it was started anew. */
  forget(): void;
}

/** A session without a terminal may have a short PATH. */
const WITH_PATH = 'PATH=/bin:/sbin:/usr/lib/vmware/bin:$PATH; export PATH; exec "$@"';

/** Each argument after the first is a whole line, whose words are quoted. What a line says of its errors is asked for again if needed. */
const MANY = 'marker=$1; shift; for line in "$@"; do eval "$line" 2>/dev/null; echo "$marker $?"; done';
const MANY_MS = 120_000;
/** Paths and devices of 512 LUNs. */
const MANY_BYTES_MAX = 32 * 1024 * 1024;

/** No answer can hold the marker: it was made at random after the question was known. */
function answersIn(printed: string, marker: string): { readonly text: string; readonly code: number }[] {
  const answers: { text: string; code: number }[] = [];
  let rest = printed;
  for (;;) {
    const at = rest.indexOf(`${marker} `);
    if (at === -1) return answers;
    const end = rest.indexOf("\n", at);
    answers.push({ text: rest.slice(0, at), code: Number(rest.slice(at + marker.length + 1, end)) });
    rest = rest.slice(end + 1);
  }
}

export function openEsxi({ esxi, id }: Pick<AgentConfig, "esxi" | "id">): Esxi {
  const host = requireHost(esxi, id);
  const { keyFile, passwordFile } = host;
  const ssh = openSteadySsh({
    ...host,
    keyFile: keyFile === "" ? undefined : keyFile,
    passwordFile: passwordFile === "" ? undefined : passwordFile,
  });
  let learned: { format?: Promise<Format>; commands?: Promise<Commands> } = {};

  async function tryRun(argv: readonly string[], options?: CommandOptions): Promise<SshRan> {
    return ssh.run(["sh", "-c", WITH_PATH, "sh", ...argv], { ...options, shownAs: shownCommand(argv) });
  }

  async function run(argv: readonly string[], options?: CommandOptions): Promise<SshRan> {
    const ran = await tryRun(argv, options);
    if (ran.exitCode !== 0) throw failed(argv, ran, host.host);
    return ran;
  }

  /** The first formatter whose answer can be read: not every version has all of them. */
  async function findFormat(): Promise<Format> {
    for (const format of FORMATS) {
      const { stdout, exitCode } = await tryRun(esxcli(format, ["system", "version", "get"]));
      if (exitCode !== 0 && format !== "text") continue;
      try {
        const [item] = readAnswer(stdout, format).items;
        if (item?.fields.has("version")) return format;
      } catch (error) {
        if (format === "text") throw error;
      }
    }
    throw unreadable("", "the host does not tell its version");
  }

  /** What failed is asked again the next time. */
  function once<T>(kept: Promise<T> | undefined, ask: () => Promise<T>, keep: (asked: Promise<T> | undefined) => void) {
    if (kept) return kept;
    const asked = ask();
    keep(asked);
    asked.catch(() => keep(undefined));
    return asked;
  }

  const format = () => once(learned.format, findFormat, (asked) => setOr(learned, "format", asked));
  const listCommands = async () => readCommands((await run(["esxcli", "esxcli", "command", "list"])).stdout);

  return {
    name: host.host,
    ssh,
    run,
    try: tryRun,
    async ask(args, waiting) {
      const known = await format();
      return readAnswer((await run(esxcli(known, args), waiting)).stdout, known);
    },
    async list(args, waiting) {
      const known = await format();
      return readList((await run(esxcli(known, args), waiting)).stdout, known);
    },
    async listMany(commands, waiting) {
      const known = await format();
      const marker = randomUUID();
      const lines = commands.map((args) => shellLine(esxcli(known, args)));
      const { stdout } = await run(["sh", "-c", MANY, "sh", marker, ...lines], {
        ...waiting,
        deadlineMs: MANY_MS,
        outputBytesMax: MANY_BYTES_MAX,
      });
      return answersIn(stdout, marker).map(({ text, code }) => (code === 0 ? readList(text, known) : undefined));
    },
    commands: () => once(learned.commands, listCommands, (asked) => setOr(learned, "commands", asked)),
    forget() {
      learned = {};
    },
    [Symbol.dispose]: () => ssh[Symbol.dispose](),
  };
}

function setOr<T, K extends keyof T>(of: T, key: K, value: T[K] | undefined): void {
  if (value === undefined) delete of[key];
  else of[key] = value;
}

function esxcli(format: Format, args: readonly string[]): string[] {
  return ["esxcli", ...(format === "text" ? [] : [`--formatter=${format}`]), ...args];
}

function requireHost(esxi: EsxiHost | undefined, id: string): EsxiHost {
  if (esxi && esxi.host !== "") return create(EsxiHostSchema, esxi);
  throw new SalvoError("invalid-input", `the file of agent ${id} does not say which ESXi host it speaks for`, {
    remedy: "Add esxi: with host and hostKey (docs/esxi.md)",
  });
}

const SAID_CHARS_MAX = 600;

function failed(argv: readonly string[], { stdout, stderr, exitCode }: SshRan, host: string): SalvoError {
  const said = [stderr, stdout].map((text) => text.trim()).find((text) => text !== "") ?? `exit code ${exitCode}`;
  const text = `${shownCommand(argv)}: ${said.slice(0, SAID_CHARS_MAX)}`;
  if (isUnknownCommand(said))
    return new SalvoError("not-found", text, { host, remedy: "This version of ESXi has no such command" });
  if (isHostdDown(said))
    return new SalvoError("unavailable", text, { host, remedy: "On the host, type: /etc/init.d/hostd restart" });
  return new SalvoError("program-failed", text, { host });
}

/** As a person would type it. */
export function shownCommand(argv: readonly string[]): string {
  return argv.map((each) => (/^[\w@%+=:,./-]+$/.test(each) ? each : shellLine([each]))).join(" ");
}
