import { expect, test } from "vitest";
import { exampleRun } from "./example.ts";
import { busiestCore, cpuOfHost } from "./cores.ts";
import { hostsOf } from "./hosts.ts";

test("agents with the same host name and boot are one host, and its cores are counted once", () => {
  const run = exampleRun({ agents: 4, cores: 2 });
  const hosts = hostsOf(run.manifest);
  expect(hosts.map(({ agents }) => agents.map(({ id }) => id))).toEqual([["g1", "g2", "g3", "g4"]]);
  expect(cpuOfHost(run, hosts[0]!)).toMatchObject({ agent: "g1", cores: 2 });
  expect(cpuOfHost(run, hosts[0]!)?.rows.length).toBe(2 * 22);
});

test("agents of different boots are different hosts, even by the same name", () => {
  const { manifest } = exampleRun({ agents: 2 });
  manifest.agents[1]!.bootId = "another";
  expect(hostsOf(manifest).map(({ agents }) => agents.length)).toEqual([1, 1]);
});

test("the busiest core is that of the most time not idle, waiting for I/O being idle", () => {
  const run = exampleRun({ cores: 4 });
  const cpu = cpuOfHost(run, hostsOf(run.manifest)[0]!)!;
  const { agent, tick, tNs } = cpu.rows[0]!;
  const none = { user: 0, system: 0, irq: 0, softirq: 0, steal: 0, idle: 0, iowait: 0 };
  const rows = [
    { ...none, agent, tick, tNs, core: 0, user: 100, idle: 900 },
    { ...none, agent, tick, tNs, core: 1, user: 10, iowait: 990 },
    { ...none, agent, tick, tNs, core: 2, softirq: 300, idle: 700 },
  ];
  expect(busiestCore(run, { ...cpu, rows })).toEqual({ core: 2, share: 0.3 });
});
