import { EnrolmentService } from "@salvo/proto/enrolment_pb.ts";
import { requireAddress } from "../../kernel/address.ts";
import { parseIdentity } from "../../identity/name.ts";
import { writeIdentity } from "../../identity/own.ts";
import { readCertificate } from "../../identity/pem.ts";
import { fetchPinnedCa } from "../../identity/pinned-ca.ts";
import { createRequest } from "../../identity/request.ts";
import { parseToken } from "../../identity/token.ts";
import { SalvoError } from "../../kernel/error.ts";
import { deadline } from "../../kernel/signal.ts";
import { openChannel } from "../../rpc/channel.ts";
import { createClient } from "../../rpc/client.ts";
import { mutualTls } from "../../rpc/credentials.ts";

const SHAKE_MS = 10_000;
const JOIN_MS = 20_000;

export interface JoinOptions {
  /** host:port of `salvo enrol`. */
  readonly controller: string;
  /** As `salvo token create` has printed it. */
  readonly token: string;
  /** Gets key, certificate and the lab's CA. */
  readonly folder: string;
}

/**
 * Makes a key and trades the token for its certificate. Not a byte of the token is sent before the other side has proven
 * that the lab's CA, by the token's pin, has made it what it is.
 */
export async function join({ controller, token: text, folder }: JoinOptions): Promise<{ agent: string; lab: string }> {
  const token = parseToken(text);
  const address = requireAddress(controller, "cannot join a lab at");
  if (address.port === 0)
    throw new SalvoError("invalid-input", `${controller} is no address like controller.example:7440`);
  using reaching = deadline(SHAKE_MS, `reaching ${controller}`);
  const ca = await fetchPinnedCa(address, token.pin, reaching);
  const { key, request } = await createRequest();

  const checkServer = ({ identity }: { identity: string | undefined }) =>
    parseIdentity(identity)?.kind === "enrolment" ? undefined : "that is not where hosts are enrolled";
  using channel = openChannel(controller, { credentials: mutualTls({ ca }, { checkServer }) });
  const { certificate, agent, lab } = await createClient(EnrolmentService, channel).join(
    { tokenId: token.id, tokenSecret: token.secret, request },
    { deadlineMs: JOIN_MS },
  );
  checkClock(certificate);
  await writeIdentity(folder, { ca, certificate, key });
  return { agent, lab };
}

/** It was made a moment ago: when it is not in force, one of the two clocks is wrong, and both sides would refuse each other. */
function checkClock(certificate: string): void {
  const { validFrom, validTo } = readCertificate(certificate);
  const nowMs = Date.now();
  if (Date.parse(validFrom) <= nowMs && nowMs < Date.parse(validTo)) return;
  throw new SalvoError(
    "refused",
    `the certificate is in force from ${validFrom} to ${validTo}, but this host's clock says ${new Date(nowMs).toUTCString()}`,
    { remedy: "Set the clocks of this host and of the controller's right, and join with a new token" },
  );
}
