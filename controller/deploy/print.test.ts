/** The line for a host without SSH, of a lab whose host is an IPv6 address: what it names is served there. */
import { LabAgentSchema, Role } from "@salvo/proto/lab_pb.ts";
import { join as joinLab } from "@salvo/shared/agent/identity/join.ts";
import { testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { createLogger } from "@salvo/shared/log/logger.ts";
import { create } from "@bufbuild/protobuf";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { printDeployment } from "./print.ts";

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "salvo-print-"))));
afterEach(() => rm(folder, { recursive: true }));

test("the line names an IPv6 host in brackets, and archive and enrolment are served there", async () => {
  const lab = await testLab(folder);
  const file = join(folder, "bundle.tar.gz");
  await writeFile(file, "an archive");
  const stop = new AbortController();
  const shown = Promise.withResolvers<string>();
  const joined = Promise.withResolvers<string>();
  const printing = printDeployment(
    create(LabAgentSchema, { id: "guest1", address: "[::1]:1", roles: [Role.WORKLOAD] }),
    {
      lab,
      labHost: "::1",
      ownFile: undefined,
      bundle: { file, bytes: 10, sha256: "0".repeat(64), version: "0.1.0", folder: "0.1.0-000000" },
      os: "linux",
      expected: { id: "guest1", address: "[::1]:1", roles: ["workload"] },
      show: shown.resolve,
      say: (line) => line.includes("has joined") && joined.resolve(line),
      log: createLogger({ name: "t", level: "silent", env: {} }),
      signal: stop.signal,
    },
  );
  const line = await shown.promise;
  const [url = ""] = /http:\/\/\[::1\]:\d+\/[\w./-]+/.exec(line) ?? [];
  const [, token = "", controller = ""] = /printf %s '(.+?)' \| h join '.+?' '(\[::1\]:\d+)'/.exec(line) ?? [];
  expect(await (await fetch(url)).text()).toBe("an archive");
  await joinLab({ controller, token, folder: join(folder, "identity") });
  expect(await joined.promise).toMatch(/^guest1 has joined from \[::1\]:\d+$/);
  stop.abort();
  await expect(printing).rejects.toMatchObject({ kind: "cancelled" });
});
