import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LabSchema } from "@salvo/proto/lab_pb.ts";
import { readYaml } from "@salvo/shared/config/yaml.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentIo } from "./io.ts";
import { createProgram } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "salvo-import-"));
const files = ["--ssh-config", join(folder, "config"), "--known-hosts", join(folder, "known_hosts")];
let fingerprint: string;

beforeAll(() => {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "key")]);
  const [type, key] = readFileSync(join(folder, "key.pub"), "utf8").split(" ");
  fingerprint = execFileSync("ssh-keygen", ["-lf", join(folder, "key")], { encoding: "utf8" }).split(" ")[1] ?? "";
  writeFileSync(join(folder, "config"), "Host g1 g2\n  HostName %h.lab\n  User root\n");
  writeFileSync(join(folder, "known_hosts"), `g1.lab ${type} ${key}\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function imported(...args: string[]) {
  const said = { stdout: "", stderr: "" };
  const io = {
    ...silentIo(),
    stdout: { write: (text: string) => (said.stdout += text) },
    stderr: { write: (text: string) => (said.stderr += text) },
  };
  await createProgram(io).parseAsync(["node", "salvo", "lab", "import", ...args, ...files]);
  return said;
}

test("what is printed is what a lab file says of the hosts, with their keys", async () => {
  const { stdout, stderr } = await imported();
  expect(readYaml(LabSchema, `name: lab\n${stdout}`, "lab.yaml").message.agents).toMatchObject([
    { id: "g1", address: "g1.lab:7400", ssh: { user: "root", hostKey: fingerprint } },
    { id: "g2", address: "g2.lab:7400", ssh: { user: "root", hostKey: "" } },
  ]);
  expect(stderr).toMatch(/^no key is known of g2: log in once by ssh/);
});

test("for scripts a host is one JSON object", async () => {
  const { stdout, stderr } = await imported("g1", "--json");
  expect(JSON.parse(stdout)).toEqual({
    id: "g1",
    address: "g1.lab:7400",
    ssh: { user: "root", port: 22, hostKey: fingerprint },
    isBehind: false,
  });
  expect(stderr).toBe("");
});
