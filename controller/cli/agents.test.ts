import { type TestAgent, testAgent } from "@salvo/agent-guest/agent.fixture.ts";
import { type TestLab, testLab } from "@salvo/shared/identity/testing-lab.fixture.ts";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentIo } from "./io.ts";
import { listAgents } from "./agents.ts";

let folder: string;
let identities: TestLab;
let agent: TestAgent;
let lab: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-agents-"));
  identities = await testLab(folder, "lab");
  agent = await testAgent({ lab: identities });
  lab = await labOf({ guest1: agent.address });
  await agent.arm("run-1");
  await agent.abort("run-1", "enough to hold");
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function labOf(agents: Record<string, string>): Promise<string> {
  const path = join(identities.folder, `${Object.keys(agents).join("-")}.yaml`);
  const listed = Object.entries(agents).map(
    ([id, address]) => `  - {id: ${id}, address: "${address}", roles: [workload]}`,
  );
  await writeFile(path, ["name: lab", "agents:", ...listed, ""].join("\n"));
  return path;
}

async function call(options: Omit<Parameters<typeof listAgents>[0], "lab"> & { readonly lab?: string }) {
  const [out, err]: string[][] = [[], []];
  const io = {
    ...silentIo(),
    stdout: { write: (text: string) => out!.push(text) },
    stderr: { write: (text: string) => err!.push(text) },
  };
  const code = await listAgents({ lab, ...options }, io);
  return { code, out: out!.join(""), err: err!.join("") };
}

test("a run that is held is shown, with what to do about it, until all agents of the lab release it", async () => {
  const before = await call({});
  expect(before.out).toMatch(/guest1 .* holds 1: run-1/);
  expect(before.err).toContain("salvo agents --release RUN");
  expect(before.code).toBe(0);

  expect(await call({ release: "run-1" })).toEqual({
    code: 0,
    out: "",
    err: "1 of 1 agents hold nothing of run-1 now\n",
  });
  expect(await agent.status("run-1")).toBeUndefined();
  const after = await call({});
  expect(after.out).toMatch(/guest1 .* ready/);
  expect(after.err).toBe("");
});

test("an agent that cannot be told to release is named, and the others release all the same", async () => {
  const { code, err } = await call({
    lab: await labOf({ guest1: agent.address, gone: "127.0.0.1:1" }),
    release: "run-1",
  });
  expect(code).toBe(6);
  expect(err).toMatch(/^gone: .*ECONNREFUSED[^\n]*\n1 of 2 agents hold nothing of run-1 now\n$/);
});
