/** Who may call an agent, and whom the controller takes for one: on real sockets, with certificates that are wrong in one way each. */
import { create } from "@bufbuild/protobuf";
import { AgentService, HostSchema } from "@salvo/proto/agent_pb.ts";
import { AgentConfigSchema } from "@salvo/proto/agent_file_pb.ts";
import { Role } from "@salvo/proto/lab_pb.ts";
import { openIdentity } from "@salvo/shared/agent/identity/agent-identity.ts";
import { type ServedAgent, serveAgent } from "@salvo/shared/agent/serve.ts";
import { AGENT_LAPSE_MS, AGENT_LIFE_MS } from "@salvo/shared/identity/life.ts";
import { openLabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { writeIdentity } from "@salvo/shared/identity/own.ts";
import type { Credential } from "@salvo/shared/identity/pem.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { createChannel } from "@salvo/shared/kernel/channel.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
import { openChannel } from "@salvo/shared/rpc/channel.ts";
import { createClient } from "@salvo/shared/rpc/client.ts";
import { type Credentials, insecure, mutualTls } from "@salvo/shared/rpc/credentials.ts";
import { REFUSALS_MAX } from "@salvo/shared/rpc/limits.ts";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { connect } from "node:tls";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { linuxPlatform } from "./platform.ts";

let folder: string;
let lab: TestLab;
let agent: ServedAgent;
const log = createLogger({ name: "agent", level: "silent", env: {} });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-identity-"));
  lab = await testLab(folder);
  await lab.enrol("guest1", { folder: join(folder, "identity") });
  agent = await start();
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function start(identityDir = join(folder, "identity"), id = "guest1", data = "data"): Promise<ServedAgent> {
  const config = create(AgentConfigSchema, {
    id,
    // Where others could reach it.
    listen: "0.0.0.0:0",
    dataDir: join(folder, data),
    fio: "fio",
  });
  return serveAgent({
    config,
    platform: { ...linuxPlatform(), describeHost: async () => create(HostSchema, { name: "here" }) },
    version: "0.0.0",
    log,
    identity: await openIdentity(identityDir, id, Date.now()),
  });
}

const describe = async (credentials: Credentials, called = agent) => {
  using channel = openChannel(called.address.replace("0.0.0.0", "127.0.0.1"), { credentials });
  return await createClient(AgentService, channel).describe({}, { deadlineMs: 5_000 });
};
const as = (own: Credential, ca = lab.authority.ca) => mutualTls({ ca, own }, { checkServer: () => undefined });

/** Long enough for a busy machine to connect within; certificates know whole seconds. */
const BRIEF_MS = 3_000;

test("the lab's controller is served, and what the certificate does not grant is no role of the agent", async () => {
  const { agent: description } = await describe(as(lab.controller));
  expect(description).toMatchObject({ id: "guest1", roles: [Role.WORKLOAD] });
});

test("whoever speaks plain text is not even heard", async () => {
  await expect(describe(insecure)).rejects.toMatchObject({ kind: "unavailable" });
});

test("whoever has no certificate is turned away", async () => {
  const anonymous = mutualTls({ ca: lab.authority.ca }, { checkServer: () => undefined });
  await expect(describe(anonymous)).rejects.toMatchObject({ kind: "unavailable" });
});

test("a stolen certificate gets some refusals over a connection, and then the connection ends", async () => {
  const { ca, certificate: cert, key } = await lab.enrol("guest7");
  const session = connectHttp2(`https://${agent.address.replace("0.0.0.0", "127.0.0.1")}`, {
    ca,
    cert,
    key,
    checkServerIdentity: () => undefined,
  });
  session.on("error", () => {});
  const answers: unknown[] = [];
  const closed = once(session, "close", { signal: AbortSignal.timeout(10_000) });
  for (let each = 0; each < 50; each++) {
    const headers = {
      ":method": "POST",
      ":path": "/salvo.v1.AgentService/Describe",
      "content-type": "application/grpc",
    };
    const call = session.request(headers);
    call.on("error", () => {});
    call.on("response", ({ "grpc-status": status }) => answers.push(status));
    call.end();
  }
  await closed;
  expect(answers.length).toBeLessThanOrEqual(REFUSALS_MAX);
  expect(answers.filter((status) => status !== "7")).toEqual([]); // PERMISSION_DENIED
  expect((await describe(as(lab.controller))).agent?.id).toBe("guest1");
});

test("a controller of the same name from another CA is turned away", async () => {
  const other = await testLab(join(folder, "impostor"));
  // Its CA is not trusted here; that ours is trusted there makes no difference.
  await expect(describe(as(other.controller))).rejects.toMatchObject({ kind: "unavailable" });
});

test("a controller whose certificate has expired is turned away", async () => {
  const identity = { kind: "controller", lab: "bench", generation: 7 } as const;
  const nowMs = Date.now() - 2 * AGENT_LIFE_MS;
  const expired = await lab.authority.issue({ identity, lifeMs: AGENT_LIFE_MS, nowMs });
  await expect(describe(as(expired))).rejects.toMatchObject({ kind: "unavailable" });
});

test("when a controller's certificate expires its open calls end, and over its open connection none begins", async () => {
  const place = join(folder, "expires");
  const own = await testLab(place);
  await own.enrol("guest5", { folder: place });
  await using served = await start(place, "guest5", "expires-data");
  const identity = { kind: "controller", lab: "bench", generation: Date.now() } as const;
  const brief = await own.authority.issue({ identity, lifeMs: BRIEF_MS, nowMs: Date.now() });
  using channel = openChannel(served.address.replace("0.0.0.0", "127.0.0.1"), {
    credentials: as(brief, own.authority.ca),
  });
  const client = createClient(AgentService, channel);
  const pings = createChannel<{ sentNs: bigint }>();
  pings.push({ sentNs: 0n });
  const answers = client.probeClock(pings);
  await answers.next();
  const expired = { kind: "refused", message: expect.stringContaining("certificate has expired since it connected") };
  await expect(answers.next()).rejects.toMatchObject(expired);
  // It cannot connect with it any more: what answers is the connection of before.
  await expect(client.describe({}, { deadlineMs: 5_000 })).rejects.toMatchObject(expired);
});

test.each(["guest1", "guest2", "controller"])("the certificate of agent %s calls nothing of an agent", async (id) => {
  using channel = openChannel(agent.address.replace("0.0.0.0", "127.0.0.1"), { credentials: as(await lab.issue(id)) });
  const client = createClient(AgentService, channel);
  const options = { deadlineMs: 5_000 };
  const refused = { kind: "refused", message: expect.stringContaining(`is not for agent ${id}`) };
  await expect(client.describe({}, options)).rejects.toMatchObject(refused);
  // Not even whether the request would have been a good one is told.
  await expect(client.arm({}, options)).rejects.toMatchObject(refused);
  await expect(client.watch({ run: "r" }).next()).rejects.toMatchObject(refused);
});

test("TLS older than 1.3 is not spoken", async () => {
  const port = Number(agent.address.split(":").at(-1));
  const { ca, certificate: cert, key } = lab.controller;
  const socket = connect({
    host: "127.0.0.1",
    port,
    ca,
    cert,
    key,
    maxVersion: "TLSv1.2",
    checkServerIdentity: () => undefined,
  });
  const { promise, resolve, reject } = Promise.withResolvers<Error>();
  socket.on("error", resolve).on("secureConnect", () => reject(new Error(`speaks ${socket.getProtocol()}`)));
  expect(await promise).toMatchObject({ code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION" });
});

test("an agent does not start with no certificate, another's, or one that has expired", async () => {
  await expect(start(join(folder, "nothing"))).rejects.toMatchObject({
    kind: "not-found",
    remedy: expect.stringContaining("salvo token create"),
  });
  await expect(start(join(folder, "identity"), "guest2")).rejects.toMatchObject({
    message: "the certificate here is not that of agent guest2",
  });
  const old = join(folder, "old");
  await writeIdentity(old, await lab.issue("guest1", { nowMs: Date.now() - AGENT_LIFE_MS - AGENT_LAPSE_MS }));
  await expect(start(old)).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringMatching(/expired at .*: this host's clock says /),
  });
  await writeIdentity(old, await lab.issue("guest1", { nowMs: Date.now() + AGENT_LIFE_MS }));
  await expect(start(old)).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringMatching(/is not yet valid before .*: this host's clock says /),
  });
});

/** What comes of it when it is asked by a controller, once, between two restarts. */
async function askOnce(place: string, own: Credential) {
  await using served = await start(place, "guest5", `data-of-${basename(place)}`);
  return await describe(as(own, own.ca), served);
}

/** A lab's controller, when it has replaced its certificate at that time. */
async function replaced(own: TestLab, nowMs: number): Promise<Credential> {
  await own.renewController(nowMs);
  return (await openLabFolder(own.folder, Date.now())).controller;
}

test.each([
  ["a moment later", 0],
  ["with a clock that was an hour behind", -60 * 60 * 1_000],
])(
  "a controller's certificate that was replaced %s is refused from the first call of the new one on, after a restart too",
  async (how, byMs) => {
    const place = join(folder, how);
    const own = await testLab(place);
    await own.enrol("guest5", { folder: place });
    await askOnce(place, own.controller);
    const successor = await replaced(own, Date.now() + byMs);
    await askOnce(place, successor);
    const refused = { kind: "refused", message: expect.stringContaining("was replaced by a newer one") };
    await expect(askOnce(place, own.controller)).rejects.toMatchObject(refused);
    await askOnce(place, successor);
  },
);

test("a host that moves to an older lab serves that one's controller", async () => {
  const place = join(folder, "moves");
  const [older, newer] = [await testLab(join(place, "older")), await testLab(join(place, "newer"))];
  const newest = await replaced(newer, Date.now() + 60_000);
  await newer.enrol("guest5", { folder: place });
  await askOnce(place, newest);
  await older.enrol("guest5", { folder: place });
  await askOnce(place, older.controller);
});

test("keys are for their owner's eyes only", async () => {
  const secrets = ["identity/identity.pem", "identity/ca.pem", "lab/ca/ca.key", "lab/controller/identity.pem"];
  for (const name of secrets) {
    const file = join(folder, name);
    expect((await stat(file)).mode & 0o777, name).toBe(0o600);
    expect((await stat(join(file, ".."))).mode & 0o077, name).toBe(0);
  }
  expect(await readFile(join(folder, "identity/identity.pem"), "utf8")).toContain("PRIVATE KEY");
});
