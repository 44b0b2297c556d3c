/** A program of others reads the telemetry, by the very lines of docs/subjects.md. */
import { readFileSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { quick, startLab } from "./lab.ts";
import { startShell } from "./process.ts";

const root = join(import.meta.dirname, "..");

test("the commands of the page make a reader, whose program prints IOPS while a run goes on", async () => {
  await using lab = await startLab({ agents: 1 });
  const reader = join(lab.folder, "dashboard");
  const page = readFileSync(join(root, "docs/subjects.md"), "utf8");
  const [create = "", consume = ""] = [...page.matchAll(/^ {4}(?:\$ )?((?:bin|\.toolchain)\/.*)$/gm)].map(
    ([, line = ""]) =>
      line
        .replace("my-lab/lab.yaml", lab.labFile)
        .replace("salvo-data", lab.dataDir)
        .replace("one-machine", lab.identities.lab)
        .replace(/dashboard$/, reader),
  );
  await using made = startShell(create, { cwd: root });
  expect(await made.ended).toMatchObject({ exitCode: 0, stdout: `${reader}\n` });
  expect((await readdir(reader)).toSorted()).toEqual(["ca.pem", "cert.pem", "key.pem"]);
  expect((await stat(join(reader, "key.pem"))).mode & 0o777).toBe(0o600);

  const workloads = [{ ...quick, duration: "4s" }];
  await lab.runStudy({ workloads: [quick] }); // from now on there is a port
  await using program = startShell(`exec ${consume}`, { cwd: root });
  const study = await lab.startStudy({ workloads });
  await program.printed(/^\S+ guest1\.disk1 tick \d+: [1-9]\d* IOPS$/m);
  await study.ended;
  const dashboard = ["dashboard", "--lab", lab.labFile];
  expect(await lab.salvo(["reader", "revoke", ...dashboard])).toMatchObject({ exitCode: 0, stdout: "" });
  const again = await lab.salvo(["reader", "create", ...dashboard]);
  expect(again).toMatchObject({ exitCode: 6, stdout: "", stderr: expect.stringContaining("never used again") });
});
