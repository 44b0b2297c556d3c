/** Joining, against servers that are not who they should be. That a real one is joined is shown end to end. */
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { createServer, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Identity } from "../../identity/name.ts";
import { type TestLab, testLab } from "../../identity/testing-lab.fixture.ts";
import { join } from "./join.ts";

let folder: string;
let lab: TestLab;
let token: string;
beforeEach(async () => {
  folder = await mkdtemp(path(tmpdir(), "salvo-join-"));
  lab = await testLab(folder);
  token = await lab.createToken({ agent: "guest1", roles: ["workload"] }, Date.now());
});
afterEach(() => rm(folder, { recursive: true }));

/** Any identity of any lab, listening, and writing down every byte that it gets after the handshake. */
async function impostor(from: TestLab, identity: Identity) {
  const { certificate: cert, key } = await from.authority.issue({ identity, lifeMs: 60_000, nowMs: Date.now() });
  const heard: Buffer[] = [];
  const sockets: TLSSocket[] = [];
  const server = createServer({ cert, key, minVersion: "TLSv1.3", ALPNProtocols: ["h2"] }, (socket) => {
    sockets.push(socket.on("data", (data) => heard.push(data)).on("error", () => {}));
  });
  server.on("tlsClientError", () => {});
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    controller: `127.0.0.1:${port}`,
    heard: () => Buffer.concat(heard),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

test("to a lab with another pin not one byte is sent", async () => {
  const other = await testLab(path(folder, "other"));
  await using server = await impostor(other, { kind: "enrolment", lab: "bench" });
  const place = path(folder, "identity");
  await expect(join({ controller: server.controller, token, folder: place })).rejects.toMatchObject({
    kind: "refused",
    message: expect.stringContaining("the token was not sent"),
  });
  expect(server.heard()).toEqual(Buffer.alloc(0));
  expect(await readdir(folder)).not.toContain("identity");
});

test("a host of the lab that is not where hosts are enrolled gets nothing either", async () => {
  for (const identity of [
    { kind: "agent", lab: "bench", id: "guest2", roles: ["workload"] },
    { kind: "nats", lab: "bench" },
  ] as const) {
    await using server = await impostor(lab, identity);
    const joining = join({ controller: server.controller, token, folder: path(folder, "identity") });
    await expect(joining).rejects.toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining("not where hosts are enrolled"),
    });
    expect(server.heard().toString("latin1")).not.toContain(token.split(".")[1]);
  }
});

test("an IPv6 address without brackets is refused, and the remedy has them", async () => {
  const joining = join({ controller: "fd00:1::1:7440", token, folder: path(folder, "identity") });
  await expect(joining).rejects.toMatchObject({ kind: "invalid-input", remedy: "Write [fd00:1::1]:7440" });
});

test("no error repeats the token", async () => {
  const [, secret = ""] = token.split(".");
  for (const controller of ["nowhere", "127.0.0.1:0", "127.0.0.1:1"]) {
    const error = await join({ controller, token, folder }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Error);
    expect(JSON.stringify(error) + String(error)).not.toContain(secret);
  }
});
