import type { DescService } from "@bufbuild/protobuf";
import { AgentService, type DescribeResponse } from "@salvo/proto/agent_pb.ts";
import { IdentityService } from "@salvo/proto/enrolment_pb.ts";
import type { LabAgent } from "@salvo/proto/lab_pb.ts";
import { roleName } from "@salvo/shared/config/role.ts";
import { AGENT_LAPSE_MS, AGENT_LIFE_MS } from "@salvo/shared/identity/life.ts";
import type { LabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { describeIdentity, parseIdentity } from "@salvo/shared/identity/name.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { sleep } from "@salvo/shared/kernel/signal.ts";
import { type Channel, openChannel } from "@salvo/shared/rpc/channel.ts";
import { type Client, createClient, type UnaryOptions } from "@salvo/shared/rpc/client.ts";
import { mutualTls, type PeerFacts } from "@salvo/shared/rpc/credentials.ts";

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

/** One channel to each agent for as long as the controller lives. */
export interface Channels extends Disposable {
  /** Calls of an agent that was revoked are `refused` before they are made, and end with `refused` when they are open. */
  client(agent: ExpectedAgent): Client<typeof AgentService>;
  /** As client, for a service that goes with one of the roles expected. */
  clientOf<Service extends DescService>(service: Service, agent: ExpectedAgent): Client<Service>;
  /** An agent's first answer. One whose certificate has expired lately is given a new one before it is asked. */
  describe(agent: ExpectedAgent, options: UnaryOptions): Promise<DescribeResponse>;
  /**
   * Gives an agent a certificate for a new key when two thirds of the present one's life are over; true when it did.
   * Whoever was called before has shown its certificate, so call it after a first answer.
   */
  renewWhenDue(agent: ExpectedAgent, nowMs: number): Promise<boolean>;
}

const RENEW_BELOW_MS = AGENT_LIFE_MS / 3;
const RENEW_CALL_MS = 10_000;
const RECONNECT_MS = 50;

export function openChannels(lab: LabFolder): Channels {
  const open = new Map<string, { readonly id: string; readonly channel: Channel; expiresMs: number }>();
  const watching = lab.watch(() => {
    for (const { id, channel } of open.values()) if (lab.isRevoked(id)) channel.close(revokedError(id));
  });

  function link(agent: ExpectedAgent) {
    const { id, address, roles } = agent;
    const key = `${id} ${address} ${roles.join()}`;
    const known = open.get(key);
    if (known) return known;
    const checkServer = (peer: PeerFacts) => {
      made.expiresMs = peer.expiresMs;
      return problemOf(lab, agent, peer);
    };
    const credentials = mutualTls({ ca: lab.authority.ca, own: lab.controller }, { checkServer });
    const made = { id, channel: guarded(openChannel(address, { credentials }), lab, id), expiresMs: Infinity };
    open.set(key, made);
    return made;
  }

  /** By a channel of its own, over which nothing else is ever said. */
  async function renewLapsed(agent: ExpectedAgent): Promise<void> {
    const { id, address } = agent;
    const checkServer = (peer: PeerFacts) => problemOf(lab, agent, peer);
    const own = { ca: lab.authority.ca, own: lab.controller };
    const credentials = mutualTls(own, { checkServer, expiredMsMax: AGENT_LAPSE_MS });
    using channel = guarded(openChannel(address, { credentials }), lab, id);
    await renew(channel, id, Date.now());
  }

  async function renew(channel: Channel, id: string, nowMs: number): Promise<void> {
    const client = createClient(IdentityService, channel);
    const { request } = await client.requestCertificate({}, { deadlineMs: RENEW_CALL_MS });
    const certificate = await lab.renew(id, new Uint8Array(request), nowMs);
    await client.installCertificate({ certificate }, { deadlineMs: RENEW_CALL_MS });
  }

  const client = (agent: ExpectedAgent) => createClient(AgentService, link(agent).channel);
  return {
    client,
    clientOf: (service, agent) => createClient(service, link(agent).channel),
    async describe(agent, options) {
      let retryUntilMs: number | undefined;
      for (;;) {
        try {
          return await client(agent).describe({}, options);
        } catch (error) {
          if (!hasExpired(error) || (retryUntilMs !== undefined && Date.now() > retryUntilMs)) throw error;
        }
        // The channel goes on telling why it could not connect, until it tries again.
        if (retryUntilMs !== undefined) await sleep(RECONNECT_MS, options);
        else await renewLapsed(agent);
        retryUntilMs ??= Date.now() + RENEW_CALL_MS;
      }
    },
    async renewWhenDue(agent, nowMs) {
      const known = link(agent);
      if (known.expiresMs - nowMs > RENEW_BELOW_MS) return false;
      await renew(known.channel, agent.id, nowMs);
      known.expiresMs = nowMs + AGENT_LIFE_MS;
      return true;
    },
    [Symbol.dispose]() {
      watching[Symbol.dispose]();
      for (const { channel } of open.values()) channel[Symbol.dispose]();
    },
  };
}

/** Node's words; gRPC keeps nothing else of why a connection could not be made. */
function hasExpired(error: unknown): boolean {
  return error instanceof SalvoError && error.kind === "unavailable" && /certificate has expired/.test(error.message);
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

function guarded(channel: Channel, lab: LabFolder, id: string): Channel {
  return {
    address: channel.address,
    close: (reason) => channel.close(reason),
    open(path, deadlineMs, onDispose) {
      if (lab.isRevoked(id)) throw revokedError(id);
      return channel.open(path, deadlineMs, onDispose);
    },
    [Symbol.dispose]: () => channel[Symbol.dispose](),
  };
}
