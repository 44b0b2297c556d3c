/** The life of a virtual lab: up, agents, status, down; and what is left when `up` or a guest is killed. */
import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { QEMU } from "@salvo/testbed/vlab/kernel.ts";
import { expect } from "vitest";
import { here, labsFolder, tracesOf, UP_MS, vlabIn } from "./vlab.ts";

const labs = await labsFolder();
const { path: folder, salvo } = labs;
const [first, second] = [vlabIn(labs, "one"), vlabIn(labs, "two, with a comma")];
const [one, two] = [first.dir, second.dir];

const up = (dir: string, ...more: string[]) => salvo("vlab", "up", "--dir", dir, ...more);
const status = (dir: string) => salvo("vlab", "status", "--dir", dir, "--json").ended;
const down = (dir: string) => salvo("vlab", "down", "--dir", dir).ended;

here("a target and a guest come up, each with a clock, networks and soft-RoCE of its own", async () => {
  expect(await tracesOf(one)).toEqual([]);
  await first.up(1);
  const { plan } = await first.state();
  expect(plan.guests.map(({ id }) => id)).toEqual(["target", "guest1"]);
  for (const { id, clockSeconds, data } of plan.guests) {
    const file = join(one, "guests", id, "share", "facts");
    const facts = await readFile(file, "utf8");
    const clock = Number(/clock=([\d.]+)/.exec(facts)?.[1]);
    expect(Math.abs(clock - (await stat(file)).mtimeMs / 1000 - clockSeconds), `${id}'s clock`).toBeLessThan(3);
    expect(facts).toMatch(/rxe0\/1 state ACTIVE .*eth1/);
    expect(facts).toMatch(new RegExp(`mtu 9000[^]*${data}/24`));
    expect(facts).not.toMatch(/^(default|.* via )/m); // there is no way out
    expect(await readdir(join(one, "guests", id, "share"))).not.toContain("token");
  }

  const agents = await salvo("agents", "--lab", join(one, "lab.yaml"), "--json").ended;
  expect(agents).toMatchObject({ exitCode: 0, stderr: "" });
  const roles = {
    target: ["ROLE_WORKLOAD", "ROLE_TARGET", "ROLE_INITIATOR"],
    guest1: ["ROLE_WORKLOAD", "ROLE_INITIATOR"],
  };
  const found = agents.stdout
    .split("\n")
    .filter(Boolean)
    .map((line): unknown => JSON.parse(line));
  expect(found).toHaveLength(2);
  for (const [id, served] of Object.entries(roles))
    expect(found).toContainEqual(
      expect.objectContaining({ id, reachable: true, agent: expect.objectContaining({ roles: served }) }),
    );
});

here("the folder of a lab of real hosts is left as it is", async () => {
  const real = join(folder, "real");
  await salvo("init", real).ended;
  const before = await readdir(real);
  const file = await readFile(join(real, "lab.yaml"), "utf8");
  expect(await down(real)).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("no virtual lab was up") });
  expect(await up(real).ended).toMatchObject({ exitCode: 6, stderr: expect.stringContaining("no virtual one") });
  expect(await readdir(real)).toEqual(before);
  expect(await readFile(join(real, "lab.yaml"), "utf8")).toBe(file);
});

here(
  "a lab beside it whose `up` is killed is taken down whole, and one that is interrupted takes itself down",
  async () => {
    const killed = up(two, "--guests", "1");
    await killed.said(/guests are starting/, { timeoutMs: UP_MS });
    killed.kill("SIGKILL");
    await killed.ended;
    expect((await tracesOf(two)).filter((line) => line.startsWith(QEMU))).toHaveLength(2);
    expect(await status(two)).toMatchObject({ exitCode: 6, stderr: expect.stringContaining("was killed") });
    expect(await up(two).ended).toMatchObject({ exitCode: 6, stderr: expect.stringContaining("salvo vlab down") });
    expect((await down(two)).exitCode).toBe(0);
    expect(await tracesOf(two)).toEqual([]);

    const interrupted = up(two, "--guests", "1");
    await interrupted.said(/management network/, { timeoutMs: UP_MS });
    expect(await down(two)).toMatchObject({ exitCode: 6, stderr: expect.stringContaining(`pid ${interrupted.pid}`) });
    interrupted.interrupt();
    expect((await interrupted.ended).exitCode).toBe(130);
    expect(await tracesOf(two)).toEqual([]);

    const other = await status(one);
    expect(other.exitCode).toBe(0);
    expect(await salvo("agents", "--lab", join(one, "lab.yaml")).ended).toMatchObject({ exitCode: 0 });
  },
);

here("a guest that ends while it starts is told with the last lines of its console, and nothing is left", async () => {
  const starting = up(two, "--guests", "1");
  await starting.said(/guest1 .*root is mounted/, { timeoutMs: UP_MS });
  process.kill((await second.state()).processes["guest1"]?.pid ?? 0, "SIGKILL");
  const { exitCode, stderr } = await starting.ended;
  expect(exitCode).toBe(6);
  expect(stderr).toMatch(/guest1 has ended; the last of its console:\n[^]*root is mounted/);
  expect(await tracesOf(two)).toEqual([]);
});

here("when a guest is killed, status tells, and down takes the others; twice is as good as once", async () => {
  const { processes, plan } = await first.state();
  const victim = processes["guest1"]?.pid ?? 0;
  expect(victim).toBeGreaterThan(1);
  process.kill(victim, "SIGKILL");
  const { exitCode, stdout } = await status(one);
  const { guests }: { guests: { id: string; runs: boolean }[] } = JSON.parse(stdout);
  expect(exitCode).toBe(6);
  expect(guests.filter(({ runs }) => runs).map(({ id }) => id)).toEqual(["target"]);

  expect((await down(one)).exitCode).toBe(0);
  expect(await tracesOf(one)).toEqual([]);
  expect(await down(one)).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("no virtual lab was up") });
  expect(await readdir(join(one, "guests", plan.guests[0]?.id ?? ""))).toEqual(["console.log"]);
});
