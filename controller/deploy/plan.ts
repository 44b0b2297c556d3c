/** What has to be done on a host, decided before anything is. Pure. */
import { X509Certificate } from "node:crypto";
import type { AgentConfig } from "@salvo/proto/agent_file_pb.ts";
import type { LabAgent } from "@salvo/proto/lab_pb.ts";
import { anyHostLike, formatAddress, parseAddress } from "@salvo/shared/kernel/address.ts";
import { parseAgentConfig } from "@salvo/shared/config/files.ts";
import { roleName } from "@salvo/shared/config/role.ts";
import { parseIdentity } from "@salvo/shared/identity/name.ts";
import { onlyUri } from "@salvo/shared/kernel/certificate-uri.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Bundle } from "./bundle.ts";
import type { HostFacts } from "./facts.ts";
import type { OwnFile } from "./own-file.ts";

export const AGENT_FILE = "/etc/salvo/agent.yaml";
/** Unpacked, and beside the archive. */
const SPACE_FACTOR = 6;

export type Step =
  | { readonly do: "copy" }
  | { readonly do: "config"; readonly text: string }
  | { readonly do: "join"; readonly identityDir: string }
  /** Makes the program the one in use, and starts it; `former` is where it goes back to. */
  | { readonly do: "activate"; readonly former: string };

/** Throws `refused` for a host that an agent cannot be put on. */
export function checkHost({ system, root, missing, freeBytes }: HostFacts, user: string, bundle: Bundle): void {
  if (system !== "Linux x86_64")
    throw new SalvoError("refused", `the host is ${system || "no Linux"}; the bundle is for Linux x86_64`);
  if (!root) throw new SalvoError("refused", `${user} is not root there, and may not become it`);
  if (missing.length > 0) throw new SalvoError("refused", `the host has no ${missing.join(", ")}`);
  if (freeBytes < SPACE_FACTOR * bundle.bytes)
    throw new SalvoError(
      "out-of-resources",
      `${mebibytes(freeBytes)} are free on /opt, and ${mebibytes(SPACE_FACTOR * bundle.bytes)} are needed`,
    );
}

/**
 * The agent's file as it will be: the one of the host; where there is none, or only deploy wrote it, the one beside the lab
 * file. Throws `invalid-input`, and `refused` when the host has another agent, or nobody could reach this one.
 */
export function agentFile(
  agent: LabAgent,
  { config, configIsDeploys }: Pick<HostFacts, "config" | "configIsDeploys">,
  own: OwnFile | undefined,
): { readonly text: string; readonly config: AgentConfig } {
  const takesOwn = own !== undefined && (config === undefined || configIsDeploys);
  const text = takesOwn ? own.text : (config ?? skeleton(agent));
  const parsed = parseAgentConfig(text, AGENT_FILE);
  if (parsed.id === agent.id) {
    refuseUnreachable(agent, parsed.listen, takesOwn ? own.path : `${AGENT_FILE} on the host`);
    return { text, config: parsed };
  }
  throw new SalvoError("refused", `the host has agent ${parsed.id} already: that is the id in ${AGENT_FILE}`, {
    remedy: `A host has one agent. Deploy ${parsed.id}, or remove it first: salvo deploy --remove`,
  });
}

/** Whether the host's certificate will do. Throws `refused` when it belongs to another lab. */
export function hasToJoin(certificate: string, agent: LabAgent, lab: string, ca: string, nowMs: number): boolean {
  if (certificate.trim() === "") return true;
  const parsed = new X509Certificate(certificate);
  const own = parseIdentity(onlyUri(parsed.subjectAltName));
  if (own && own.lab !== lab)
    throw new SalvoError("refused", `the host belongs to the lab ${own.lab}`, {
      remedy: "Remove it there first: salvo deploy --remove with that lab",
    });
  const isOurs = own?.kind === "agent" && own.id === agent.id && parsed.verify(new X509Certificate(ca).publicKey);
  const roles = agent.roles.map(roleName);
  return !isOurs || Date.parse(parsed.validTo) <= nowMs || !roles.every((role) => own.roles.includes(role));
}

/** Of the two addresses, the lab's leads to the host from elsewhere, and the agent's own takes connections of the host alone. */
function refuseUnreachable(agent: LabAgent, listen: string, file: string): void {
  const [own, labs] = [parseAddress(listen)?.host ?? "", parseAddress(agent.address)?.host ?? ""];
  if (!isLoopback(own) || isLoopback(labs)) return;
  throw new SalvoError("refused", `the agent would listen on ${listen}, which the controller cannot reach`, {
    file,
    remedy: `Write: listen: "${listenOf(agent)}". Without the key an agent listens on 127.0.0.1:7400`,
  });
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

export interface Wanted {
  readonly bundle: Bundle;
  readonly file: ReturnType<typeof agentFile>;
  readonly joins: boolean;
}

export function planSteps(facts: HostFacts, { bundle, file, joins }: Wanted): Step[] {
  const { folder } = bundle;
  const isUp = facts.current === folder && facts.running === folder && facts.unit !== "other" && !facts.configIsNewer;
  return [
    ...(facts.installed.includes(folder) ? [] : [{ do: "copy" } as const]),
    ...(facts.config === file.text ? [] : [{ do: "config", text: file.text } as const]),
    ...(joins ? [{ do: "join", identityDir: file.config.identityDir } as const] : []),
    ...(isUp && !joins && facts.config === file.text ? [] : [{ do: "activate", former: facts.current } as const]),
  ];
}

/** For people, before it is done. */
export function describeStep(
  step: Step,
  { bundle: { folder, bytes }, systemd }: { readonly bundle: Bundle; readonly systemd: boolean },
): string {
  switch (step.do) {
    case "copy":
      return `copy ${mebibytes(bytes)} and unpack them in /opt/salvo/${folder}`;
    case "config":
      return `write ${AGENT_FILE}`;
    case "join":
      return `join the lab with a one-time token; key and certificate go to ${step.identityDir}`;
    case "activate": {
      const start = systemd ? "start it as salvo-agent.service" : "start it";
      return `${step.former === "" || step.former === folder ? "" : `stop ${step.former}, `}point /opt/salvo/current to ${folder} and ${start}`;
    }
  }
}

/** All addresses of the host, at the port of the lab file. */
export function listenOf({ address }: LabAgent): string {
  const { host, port } = parseAddress(address) ?? { host: "", port: 7400 };
  return formatAddress({ host: anyHostLike(host), port });
}

/** Without devices: what may be overwritten is for those to say who are responsible for the host. */
function skeleton(agent: LabAgent): string {
  return `# The agent of this host, written by salvo deploy, which leaves it alone once you have changed it.
id: ${agent.id}
listen: "${listenOf(agent)}"
dataDir: /var/lib/salvo/agent
identityDir: /var/lib/salvo/identity

# All that the agent will ever write to. THE CONTENTS OF WHAT IS LISTED HERE ARE LOST. Restart the agent after a change.
devices: []
# devices:
#   - name: disk
#     path: /var/lib/salvo/disk.bin
#     size: 1GiB
`;
}

export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
