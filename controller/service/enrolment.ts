import { EnrolmentService } from "@salvo/proto/enrolment_pb.ts";
import { assertValid } from "@salvo/shared/config/rules.ts";
import { authorize } from "@salvo/shared/identity/access.ts";
import type { LabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { parseAddress } from "@salvo/shared/kernel/address.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Logger } from "@salvo/shared/log/logger.ts";
import { mutualTls } from "@salvo/shared/rpc/credentials.ts";
import { type RpcServer, serve } from "@salvo/shared/rpc/server.ts";
import { implement } from "@salvo/shared/rpc/service.ts";
import { type Attempts, createAttempts } from "../domain/attempts.ts";

/** Longer than anybody stands beside it. */
const CERTIFICATE_LIFE_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * Tokens cannot be guessed; this bounds what trying costs the host. Hosts behind one address join as often as they like, and many
 * at once: a lab has at most 1,000 agents.
 */
const ATTEMPTS = { failedPerPeerMax: 20, failedInAllMax: 600, windowMs: 60_000, atOnceMax: 500 };
/** A host that joins has one connection at a time, and needs a second or two. */
const STRANGERS = { connectionsMax: 1_000, ageMs: 30_000 };

export interface ServeEnrolmentOptions {
  readonly lab: LabFolder;
  /** host:port */
  readonly address: string;
  readonly log: Logger;
  readonly onJoined: (agent: string, peer: string) => void;
}

/** Lets hosts with a token in. Of the whole contract only Join is served here, and callers have no certificate yet. */
export async function serveEnrolment({ lab, address, log, onJoined }: ServeEnrolmentOptions): Promise<RpcServer> {
  const own = await lab.authority.issue({
    identity: { kind: "enrolment", lab: lab.lab },
    lifeMs: CERTIFICATE_LIFE_MS,
    nowMs: Date.now(),
  });
  const attempts = createAttempts(ATTEMPTS);
  return serve({
    address,
    services: [
      implement(EnrolmentService, {
        async join({ tokenId, tokenSecret, request }, { peer }) {
          using attempt = beginAttempt(attempts, peer.address);
          const joined = await lab.join({
            id: tokenId,
            secret: tokenSecret,
            request: new Uint8Array(request),
            nowMs: Date.now(),
            from: peer.address,
          });
          attempt.succeeded();
          onJoined(joined.agent, peer.address);
          return { certificate: joined.certificate, agent: joined.agent, lab: lab.lab };
        },
      }),
    ],
    validate: assertValid,
    credentials: mutualTls({ ca: lab.authority.ca, own }, { anonymousClients: true }),
    authorize: (method, { identity }) => authorize(lab.lab, method, identity),
    strangers: STRANGERS,
    onBug: (error, method) => log.error({ error, method }, "bug"),
  });
}

/** Counts as failed unless it was said to have succeeded. Throws when no more may begin. */
function beginAttempt(attempts: Attempts, address: string): Disposable & { readonly succeeded: () => void } {
  const host = parseAddress(address)?.host ?? address;
  const answer = attempts.begin(host, performance.now());
  if (answer === "too-many-failed")
    throw new SalvoError("refused", "too many attempts to join have failed", {
      remedy: "Wait a minute, and make a new token with: salvo token create",
    });
  if (answer === "too-many-at-once")
    throw new SalvoError("unavailable", `${ATTEMPTS.atOnceMax} hosts are joining at this moment, and no more can`, {
      remedy: "Join again in a few seconds: the token was not used",
    });
  let failed = true;
  return {
    succeeded: () => void (failed = false),
    [Symbol.dispose]: () => attempts.end(host, failed, performance.now()),
  };
}
