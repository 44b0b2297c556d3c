/** The command line that all agents have: to serve, and to join a lab. Each system's own program.ts adds what is its own. */
import type { AgentConfig } from "@salvo/proto/agent_file_pb.ts";
import { Command, CommanderError } from "commander";
import { appendFileSync } from "node:fs";
import { loadAgentConfig } from "../config/files.ts";
import type { SalvoError } from "../kernel/error.ts";
import { EXIT, exitOfError, failureOf } from "../kernel/exit.ts";
import { neverFailing } from "../log/destination.ts";
import { terminalText } from "../kernel/terminal-text.ts";
import { openLogFile } from "../log/file.ts";
import { createLogger } from "../log/logger.ts";
import { keepIgnoring, onEndSignal } from "../process/end-signals.ts";
import { printError, printOut } from "../process/print.ts";
import { watchStandardStreams } from "../process/standard-streams.ts";
import { auditCommand, verifyOwnAudit } from "./audit/command.ts";
import { openIdentity } from "./identity/agent-identity.ts";
import { joinLab, type JoinCommand } from "./identity/join-command.ts";
import type { Platform } from "./platform.ts";
import { serveAgent } from "./serve.ts";

export interface AgentKind {
  /** Of the program. */
  readonly name: string;
  readonly description: string;
  readonly version: string;
  /** It also tells what the agent can be asked to do. */
  readonly platform: (config: AgentConfig) => Platform;
}

interface ServeCommand {
  readonly config?: string;
  readonly listen?: string;
  readonly log?: string;
}

export function agentProgram(kind: AgentKind): Command {
  const program = new Command(kind.name)
    .description(kind.description)
    .version(kind.version)
    .exitOverride()
    .option("--config <FILE>", "the agent's own file: its id, where it listens, and the devices it may write to")
    .option("--listen <ADDRESS>", "listen here instead of where the file says; port 0 takes a free one")
    .option("--log <FILE>", "append what there is to tell to this file instead of standard error")
    .action(async ({ config, ...more }: ServeCommand, command: Command) => {
      if (config === undefined) return command.error("error: required option '--config <FILE>' not specified");
      await serveUntilStopped(kind, { config, ...more });
    });
  program
    .command("join")
    .description("Joins a lab with a token that was made for this agent, while `salvo enrol` runs there.")
    .requiredOption("--controller <ADDRESS>", "host:port of `salvo enrol`")
    .option("--token <TOKEN>", "what `salvo token create` has printed; others on this host can see it here")
    .option("--token-file <FILE>", "a file with the token, which is removed when it was used")
    .option("--dir <DIR>", "where key and certificate go: identityDir of the agent's file", "identity")
    .option("--serve", "then go on as the agent of --config, whose identityDir is --dir")
    .action(async ({ serve = false, ...options }: JoinCommand & { serve?: boolean }) => {
      const { config: file, ...more } = program.opts<ServeCommand>();
      if (serve && file === undefined) return program.error("error: --serve needs '--config <FILE>'");
      // There may be no file of the agent yet.
      const config = file === undefined ? undefined : await loadAgentConfig(file);
      const dir = serve ? (config?.identityDir ?? options.dir) : options.dir;
      const { controller } = options;
      const act = async () => joinLab({ ...options, dir });
      const { agent, lab } = await auditCommand(config?.dataDir ?? dir, "join", { controller, dir }, act);
      printOut(`${JSON.stringify({ agent, lab, dir })}\n`);
      if (serve && file !== undefined) await serveUntilStopped(kind, { config: file, ...more });
    });
  program
    .command("audit")
    .description("What was done on this host, by whom and when.")
    .command("verify")
    .description(
      "names each line of the agent's audit log that is not as it was written, and then ends with exit code 6",
    )
    .option("--json", "as one JSON object")
    .action(async ({ json = false }: { json?: boolean }) => {
      const { config: file } = program.opts<ServeCommand>();
      if (file === undefined) return program.error("error: required option '--config <FILE>' not specified");
      process.exitCode = await verifyOwnAudit(await loadAgentConfig(file), json, printOut);
    });
  return program;
}

async function serveUntilStopped(
  kind: AgentKind,
  { config: file, listen, log: logFile }: ServeCommand & { readonly config: string },
): Promise<void> {
  const config = await loadAgentConfig(file, { listen });
  const log = createLogger({
    name: `agent ${config.id}`,
    level: process.env["SALVO_LOG"] ?? "info",
    ...(logFile !== undefined && { destination: openLogFile(logFile) }),
  });
  const identity = await openIdentity(config.identityDir, config.id, Date.now());
  if (identity.lapsed) log.warn("the certificate has expired: salvo agents, or the next run, renews it");
  const agent = await serveAgent({
    config,
    platform: kind.platform(config),
    version: kind.version,
    log,
    identity,
  });
  // An agent goes on without a reader: what it has to tell is in its log.
  onLostOutput = ({ message }) => log.warn({ problem: message }, "standard output is lost");
  // For whoever started it with port 0, and for people.
  printOut(`${JSON.stringify({ agent: config.id, address: agent.address })}\n`);

  let stopping = false;
  onEndSignal(() => {
    if (stopping) process.exit(EXIT.interrupted.code);
    stopping = true;
    agent[Symbol.asyncDispose]().then(
      () => process.exit(0),
      (error: unknown) => fail(kind.name, error, logFile),
    );
  });
}

/** What becomes of the program when its standard output is lost. */
let onLostOutput: (lost: SalvoError) => void;

/** Does what the command line says. Whatever fails is told in one line, and by the exit code. */
export async function runProgram(program: Command): Promise<void> {
  keepIgnoring();
  onLostOutput = (lost) => {
    if (lost.kind === "cancelled") process.exit(exitOfError(lost.kind)); // its reader has seen enough
    fail(program.name(), lost, undefined);
  };
  watchStandardStreams({ onStdout: (lost) => onLostOutput(lost) });
  await program.parseAsync().catch((error: unknown) => fail(program.name(), error, program.opts<ServeCommand>().log));
}

function fail(name: string, error: unknown, logFile: string | undefined): never {
  // Commander has said what was wrong.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? EXIT.ok.code : EXIT.input.code);
  const { text, code } = failureOf(name, error);
  printError(text);
  // Of a program that the system has started nobody reads the standard error.
  if (logFile !== undefined) neverFailing({ write: (line) => appendFileSync(logFile, line) }).write(terminalText(text));
  process.exit(code);
}
