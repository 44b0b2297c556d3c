import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, type Waiting } from "@salvo/shared/kernel/signal.ts";
import { connectSsh, type SshConnection, type SshTarget } from "@salvo/shared/ssh/connection.ts";
import { type HostFacts, parseFacts } from "./facts.ts";

/** A host that we are logged in on. Every verb is one of agent-guest/deploy/host.sh. */
export interface DeployHost extends Disposable {
  readonly ssh: SshConnection;
  facts(): Promise<HostFacts>;
  /** Gives what the verb printed. Throws `program-failed` with what it said when it failed. */
  act(
    verb: Verb,
    args?: readonly string[],
    options?: { readonly stdin?: string; readonly timeoutMs?: number },
  ): Promise<string>;
  /** A program of the host, as the user who logged in. */
  plain(argv: readonly string[]): Promise<string>;
}

export type Verb =
  | "facts"
  | "certificate"
  | "place"
  | "config"
  | "join"
  | "activate"
  | "running"
  | "said"
  | "prune"
  | "kept"
  | "remove";

/** It goes along with every call: a host that has nothing of ours yet can run it too. */
const SCRIPT = fileURLToPath(import.meta.resolve("@salvo/agent-guest/deploy/host.sh"));
const VERB_MS = 60_000;

export async function openHost(target: SshTarget, { signal }: Waiting): Promise<DeployHost> {
  const script = await readFile(SCRIPT, "utf8");
  const ssh = await connectSsh(target, { signal });
  const asRoot = target.user === "root" ? [] : ["sudo", "-n"];

  async function ran(what: string, argv: readonly string[], { stdin = "", timeoutMs = VERB_MS } = {}): Promise<string> {
    using until = deadline(timeoutMs, `${what} on ${target.host}`, signal);
    const { stdout, stderr, exitCode } = await ssh.run(argv, { stdin, signal: until });
    if (exitCode === 0) return stdout;
    const said = stderr.trim() || `it ended with ${exitCode}`;
    if (/\bsudo: /.test(said))
      throw new SalvoError("refused", `${target.user} cannot become root on ${target.host}: ${said}`, {
        remedy: "Name root, or somebody who may use sudo without a password, as user of ssh in the lab file",
      });
    throw new SalvoError("program-failed", `${what} on ${target.host} failed: ${said}`);
  }

  const act: DeployHost["act"] = (verb, args = [], options) =>
    ran(verb, [...asRoot, "sh", "-c", script, "salvo-deploy", verb, ...args], options);
  return {
    ssh,
    act,
    facts: async () => parseFacts(await act("facts")),
    plain: (argv) => ran(argv[0] ?? "", argv),
    [Symbol.dispose]: () => ssh[Symbol.dispose](),
  };
}
