/** A host with a target beside it, and the article's network set up. */
import { expect } from "vitest";
import { ssh } from "./host.fixture.ts";
import { type EsxiHost, startEsxiHost, type StartOptions } from "./start.ts";
import type { Target } from "./state/state.ts";

export const LUN = "eui.4fd45ffe08926d1b";
export const IQN = "iqn.2008-08.com.starwindsoftware:sim-t1";

export const TARGET: Target = {
  iqn: IQN,
  portals: ["10.10.1.2:3260"],
  iser: true,
  tpgt: 1,
  luns: [{ lun: 0, id: LUN, vendor: "STARWIND", model: "STARWIND", revision: "1", sizeBytes: 34_359_738_368 }],
};

export async function startLab(options: StartOptions = {}): Promise<EsxiHost> {
  return await startEsxiHost({
    targets: [TARGET],
    neighbours: [{ address: "10.10.1.2", mtu: 9000, vlan: 0 }],
    ...options,
  });
}

/** Runs a line that must work and, where the answer is given, answer so. */
export async function works(host: EsxiHost, line: string): Promise<string> {
  const { stdout, stderr, exitCode } = await ssh(host, line);
  expect({ line, stdout, stderr, exitCode }).toMatchObject({ exitCode: 0, stderr: "" });
  return stdout;
}

export async function setUpNetwork(host: EsxiHost): Promise<void> {
  await works(
    host,
    `set -e
esxcli network vswitch standard add -v iser1
esxcli network vswitch standard set -m 9000 -v iser1
esxcli network vswitch standard uplink add -u vmnic2 -v iser1
esxcli network vswitch standard portgroup add -p "iSER 1" -v iser1
esxcli network ip interface add -i vmk1 -p "iSER 1"
esxcli network ip interface set -i vmk1 -m 9000
esxcli network ip interface ipv4 set -i vmk1 -t static -I 10.10.1.1 -N 255.255.255.0`,
  );
}
