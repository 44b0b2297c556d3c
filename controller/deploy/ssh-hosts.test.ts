import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LabSchema } from "@salvo/proto/lab_pb.ts";
import { readYaml } from "@salvo/shared/config/yaml.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aliasesIn, labEntries, readSshHosts } from "./ssh-hosts.ts";

const folder = mkdtempSync(join(tmpdir(), "salvo-ssh-"));
const files = { config: join(folder, "config"), knownHosts: [join(folder, "absent"), join(folder, "known_hosts")] };
let fingerprint: string;

beforeAll(() => {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "key")]);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "a passphrase", "-f", join(folder, "locked")]);
  const [type, key] = readFileSync(join(folder, "key.pub"), "utf8").split(" ");
  fingerprint = execFileSync("ssh-keygen", ["-lf", join(folder, "key")], { encoding: "utf8" }).split(" ")[1] ?? "";
  writeFileSync(
    files.config,
    `Host g1 g2\n  HostName %h.lab\n  User bench\n  Port 2222\nHost g1\n  IdentityFile ${folder}/key\nHost g2\n  ProxyJump gate\n  IdentityFile ${folder}/locked\nHost *.corp !x\n  User me\nhost=Rack.3\n  HostName fd00::3\n  User root\n  IdentityFile ${folder}/absent\n`,
  );
  writeFileSync(join(folder, "known_hosts"), `[g1.lab]:2222 ${type} ${key}\nfd00::3 ${type} ${key}\n`);
  execFileSync("ssh-keygen", ["-H", "-f", join(folder, "known_hosts")], { stdio: "pipe" });
});
afterAll(() => rmSync(folder, { recursive: true }));

test("hosts are the names of the config that are no patterns", () => {
  expect(aliasesIn(readFileSync(files.config, "utf8"))).toEqual(["g1", "g2", "Rack.3"]);
});

test("a host has the address, user, port and key without passphrase of the config, and the key that known_hosts has", async () => {
  const g = { port: 2222, user: "bench" };
  expect(await readSshHosts([], files)).toEqual([
    { ...g, alias: "g1", host: "g1.lab", hostKey: fingerprint, keyFile: join(folder, "key"), isBehind: false },
    { ...g, alias: "g2", host: "g2.lab", hostKey: undefined, keyFile: undefined, isBehind: true },
    {
      alias: "Rack.3",
      host: "fd00::3",
      port: 22,
      user: "root",
      hostKey: fingerprint,
      keyFile: undefined,
      isBehind: false,
    },
  ]);
});

test("the entries are those of a lab file, and say which key is missing", async () => {
  const text = labEntries(await readSshHosts(["g1", "g2", "Rack.3"], files));
  const { agents } = readYaml(LabSchema, `name: lab\nagents:\n${text}`, "lab.yaml").message;
  expect(agents).toMatchObject([
    {
      id: "g1",
      address: "g1.lab:7400",
      ssh: { user: "bench", port: 2222, hostKey: fingerprint, keyFile: join(folder, "key") },
    },
    { id: "g2", address: "g2.lab:7400", ssh: { user: "bench", hostKey: "", keyFile: "" } },
    { id: "rack-3", address: "[fd00::3]:7400", ssh: { user: "root", port: 22, hostKey: fingerprint } },
  ]);
  expect(text).toContain("Log in once with ssh g2");
  expect(text.match(/through another host/g)).toHaveLength(1);
});

test("a word that ssh would take for an option, and a config without hosts, are refused", async () => {
  await expect(readSshHosts(["-oProxyCommand=x"], files)).rejects.toMatchObject({ kind: "invalid-input" });
  const none = { ...files, config: join(folder, "none") };
  await expect(readSshHosts([], none)).rejects.toMatchObject({ kind: "invalid-input", file: none.config });
});

test("where ssh-keygen fails its exit code and its words are told, and no host is called unknown", async () => {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "ssh-keygen"), "#!/bin/sh\necho 'no crypto' >&2; exit 255\n", { mode: 0o700 });
  const before = process.env["PATH"];
  process.env["PATH"] = `${bin}:${before}`;
  try {
    await expect(readSshHosts(["g1"], files)).rejects.toMatchObject({
      kind: "program-failed",
      message: "ssh-keygen -F [g1.lab]:2222 failed (exit code 255: no crypto)",
    });
  } finally {
    process.env["PATH"] = before;
  }
});
