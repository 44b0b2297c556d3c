import { afterAll, beforeAll, expect, test } from "vitest";
import { ssh } from "./host.fixture.ts";
import { type EsxiHost, startEsxiHost } from "./start.ts";

let host: EsxiHost;
beforeAll(async () => {
  host = await startEsxiHost();
}, 60_000);
afterAll(() => host[Symbol.asyncDispose]());

test("the shell has what ESXi's has, and neither `command` nor applets that are not in PATH", async () => {
  for (const missing of ["tr a b", "command -v ls", "xxd", "realpath /", "getopt", "bash", "column"]) {
    const name = missing.split(" ")[0];
    expect(await ssh(host, missing)).toMatchObject({ exitCode: 127, stderr: `sh: ${name}: not found\n` });
  }
  expect(await ssh(host, "echo $PATH; uname -a; id -u; pwd; which sed awk")).toMatchObject({
    stdout:
      "/bin:/sbin\nVMkernel esxi1 8.0.3 #1 SMP Release build-24677879 x86_64 x86_64 x86_64 ESXi\n0\n/\n/bin/sed\n/bin/awk\n",
    exitCode: 0,
  });
});

test("a session sees the host's own file system", async () => {
  const { stdout } = await ssh(
    host,
    "ls /; ls /vmfs/volumes; head -n 1 /etc/rc.local.d/local.sh; echo x >/scratch/y && cat /scratch/y",
  );
  expect(stdout).toContain("vmfs\n");
  expect(stdout).not.toContain("root\n");
  expect(stdout).toContain("datastore1\n#!/bin/sh ++group=host/vim/vmvisor/boot\nx\n");
});

test("the version and standard switches answer in the recorded form", async () => {
  expect((await ssh(host, "esxcli system version get; vmware -v")).stdout).toBe(`   Product: VMware ESXi
   Version: 8.0.3
   Build: Releasebuild-24677879
   Update: 3
   Patch: 55
VMware ESXi 8.0.3 build-24677879
`);
  const { stdout } = await ssh(
    host,
    "esxcli network vswitch standard add -v storage && esxcli network vswitch standard set -m 9000 -v storage; esxcli network vswitch standard list -v storage",
  );
  expect(stdout).toBe(`storage
   Name: storage
   Class: cswitch
   Num Ports: 2560
   Used Ports: 1
   Configured Ports: 1024
   MTU: 9000
   CDP Status: listen
   Beacon Enabled: false
   Beacon Interval: 1
   Beacon Threshold: 3
   Beacon Required By: 
   Uplinks: 
   Portgroups: 
`);
});
