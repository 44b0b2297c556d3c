import type { DescService } from "@bufbuild/protobuf";
import { AgentService, type DescribeResponse } from "@salvo/proto/agent_pb.ts";
import { IdentityService } from "@salvo/proto/enrolment_pb.ts";
import type { LabAgent } from "@salvo/proto/lab_pb.ts";
import type { RunAgent } from "@salvo/proto/run_pb.ts";
import { roleName } from "@salvo/shared/config/role.ts";
import { AGENT_LAPSE_MS, AGENT_LIFE_MS } from "@salvo/shared/identity/life.ts";
import type { LabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { describeIdentity, parseIdentity } from "@salvo/shared/identity/name.ts";
import { readCertificate } from "@salvo/shared/identity/pem.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { sleep } from "@salvo/shared/kernel/signal.ts";
import { type Channel, openChannel } from "@salvo/shared/rpc/channel.ts";
import type { CallOptions } from "@salvo/shared/rpc/calling.ts";
import { type Client, createClient, type UnaryOptions } from "@salvo/shared/rpc/client.ts";
import { mutualTls, type PeerFacts } from "@salvo/shared/rpc/credentials.ts";
import { isObserver } from "../domain/observer.ts";
import { type Link, openLink } from "./link.ts";

/** Who is expected at an address, and what it must be allowed to do. */
export interface ExpectedAgent {
  readonly id: string;
  readonly address: string;
  readonly roles: readonly string[];
}

/** What a lab file says of an agent, as the one who calls it must know it. */
export function expectedOf({ id, address, roles }: LabAgent): ExpectedAgent {
  return { id, address, roles: roles.map(roleName) };
}

/** What a run needs of its agent. An observer may have any role. */
export function expectedInRun({ id, address, observer, roles }: RunAgent): ExpectedAgent {
  return { id, address, roles: isObserver({ observer }) ? roles.map(roleName) : ["workload"] };
}

/**
 * One channel to each agent for as long as the controller lives. Nothing is asked over a connection when the agent's
 * certificate has expired: open calls end with `unavailable`, and the next one connects anew.
 */
export interface Channels extends Disposable {
  /** Calls of an agent that was revoked are `refused` before they are made, and end with `refused` when they are open. */
  client(agent: ExpectedAgent): Client<typeof AgentService>;
  /** As client, for a service that goes with one of the roles expected. */
  clientOf<Service extends DescService>(service: Service, agent: ExpectedAgent): Client<Service>;
  /** An agent's first answer. One whose certificate has expired lately is given a new one before it is asked. */
  describe(agent: ExpectedAgent, options: UnaryOptions, ask?: Ask): Promise<DescribeResponse>;
  /** As describe, without a question: the agent has no work with it. */
  connect(agent: ExpectedAgent, options: UnaryOptions): Promise<void>;
  /**
   * Gives an agent a certificate for a new key when the present one has only leftMs of its life left, or has expired lately;
   * true when it did. It connects with one that has not shown its certificate yet.
   */
  renewWhenDue(agent: ExpectedAgent, nowMs: number, options?: RenewOptions): Promise<boolean>;
}

export interface Ask {
  readonly examineDevices?: boolean;
}

export interface RenewOptions {
  /** A third of its life, if nothing else is said. */
  readonly leftMs?: number;
  readonly signal?: AbortSignal;
}

const LEFT_MS = AGENT_LIFE_MS / 3;
const RENEW_CALL_MS = 10_000;
const RECONNECT_MS = 50;

export function openChannels(lab: LabFolder): Channels {
  const material = { ca: lab.authority.ca, own: lab.controller };
  const open = new Map<string, { readonly id: string; readonly link: Link }>();
  const watching = lab.watch((what) => {
    if (what !== "revoked") return; // there are many renewals
    for (const { id, link } of open.values()) if (lab.isRevoked(id)) link.channel.close(revokedError(id));
  });

  function linkTo(agent: ExpectedAgent): Link {
    const { id, address, roles } = agent;
    const key = `${id} ${address} ${roles.join()}`;
    const known = open.get(key);
    if (known) return known.link;
    const link = openLink({
      address,
      material,
      checkServer: (peer) => problemOf(lab, agent, peer),
      admit: () => refuseRevoked(id),
      expired: () => expiredError(id),
    });
    open.set(key, { id, link });
    return link;
  }

  function refuseRevoked(id: string): void {
    if (lab.isRevoked(id)) throw revokedError(id);
  }

  /** By a channel of its own, over which nothing else is ever said. */
  async function renewLapsed(agent: ExpectedAgent, waiting: CallOptions): Promise<void> {
    const { id, address } = agent;
    refuseRevoked(id);
    const checkServer = (peer: PeerFacts) => problemOf(lab, agent, peer);
    const credentials = mutualTls(material, { checkServer, expiredMsMax: AGENT_LAPSE_MS });
    using channel = openChannel(address, { credentials });
    linkTo(agent).renewed(await renew(channel, id, Date.now(), waiting));
  }

  /** Gives the time, in ms since 1970, at which the new one expires. */
  async function renew(channel: Channel, id: string, nowMs: number, { signal }: CallOptions): Promise<number> {
    const client = createClient(IdentityService, channel);
    const options = { deadlineMs: RENEW_CALL_MS, ...(signal && { signal }) };
    const { request } = await client.requestCertificate({}, options);
    const certificate = await lab.renew(id, new Uint8Array(request), nowMs);
    await client.installCertificate({ certificate }, options);
    return Date.parse(readCertificate(certificate).validTo);
  }

  /** Once more when the agent's certificate had expired lately, and it has been given another one. */
  async function askRenewed<T>(agent: ExpectedAgent, ask: () => Promise<T>, waiting: CallOptions): Promise<T> {
    let retryUntilMs: number | undefined;
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!hasExpired(error) || (retryUntilMs !== undefined && Date.now() > retryUntilMs)) throw error;
      }
      // The channel goes on telling why it could not connect, until it tries again.
      if (retryUntilMs !== undefined) await sleep(RECONNECT_MS, waiting);
      else await renewLapsed(agent, waiting);
      retryUntilMs ??= Date.now() + RENEW_CALL_MS;
    }
  }

  const client = (agent: ExpectedAgent) => createClient(AgentService, linkTo(agent).channel);
  const connect = async (agent: ExpectedAgent, options: UnaryOptions) =>
    askRenewed(agent, () => probeNothing(client(agent), options), options);
  return {
    client,
    clientOf: (service, agent) => createClient(service, linkTo(agent).channel),
    describe: (agent, options, ask = {}) => askRenewed(agent, () => client(agent).describe(ask, options), options),
    connect,
    async renewWhenDue(agent, nowMs, { leftMs = LEFT_MS, ...waiting } = {}) {
      const link = linkTo(agent);
      if (link.expiresMs === Infinity) await connect(agent, { deadlineMs: RENEW_CALL_MS, ...waiting });
      if (link.expiresMs - nowMs > leftMs) return false;
      if (link.expiresMs <= nowMs) await renewLapsed(agent, waiting);
      else link.renewed(await renew(link.channel, agent.id, nowMs, waiting));
      return true;
    },
    [Symbol.dispose]() {
      watching[Symbol.dispose]();
      for (const { link } of open.values()) link.channel[Symbol.dispose]();
    },
  };
}

/** The call with the least to it. */
async function probeNothing(client: Client<typeof AgentService>, options: UnaryOptions): Promise<void> {
  for await (const _ of client.probeClock([], options)) continue;
}

/** Node's words, and ours; gRPC keeps nothing else of why a connection could not be made. */
function hasExpired(error: unknown): boolean {
  return error instanceof SalvoError && error.kind === "unavailable" && /certificate has expired/.test(error.message);
}

function expiredError(id: string): SalvoError {
  return new SalvoError("unavailable", `agent ${id} is not asked any more: its certificate has expired`, {
    host: id,
    remedy: "salvo agents gives it another one, for 30 days",
  });
}

function revokedError(id: string): SalvoError {
  return new SalvoError("refused", `agent ${id} was revoked: nothing is asked of it any more`, {
    host: id,
    remedy: "Take it out of the lab file",
  });
}

/** What is wrong with whoever answers at an agent's address, although the lab's CA has signed its certificate. */
function problemOf(lab: LabFolder, { id, roles }: ExpectedAgent, { identity }: PeerFacts): string | undefined {
  const peer = parseIdentity(identity);
  if (peer?.kind !== "agent" || peer.lab !== lab.lab || peer.id !== id)
    return `agent ${id} of lab ${lab.lab} is expected there, but it is ${describeIdentity(peer)}`;
  const missing = roles.filter((role) => !peer.roles.includes(role));
  if (missing.length > 0) return `the certificate of agent ${id} does not grant the role ${missing.join(", ")}`;
  return lab.isRevoked(id) ? `agent ${id} was revoked` : undefined;
}
