/** The article's way on an ESXi host, version by version: from nothing to iSER that outlives a reboot, and back. */
import { VERSIONS } from "@salvo/testbed/esxi-host/versions.ts";
import { expect, test } from "vitest";
import { attachment, ISER, labTarget, NEIGHBOUR, startEsxiLab, TIMEOUT_MS } from "./esxi-agent.ts";

test.for(VERSIONS.filter((version) => version !== "6.5"))(
  "network, iSER and sessions are made on ESXi %s, are there after a reboot, and are taken away",
  { timeout: TIMEOUT_MS },
  async (version) => {
    await using lab = await startEsxiLab({ version, targets: [labTarget()], neighbours: [NEIGHBOUR] });
    const { host } = lab;
    const before = host.state();
    await lab.apply(ISER);
    expect(await lab.plan(ISER)).toEqual([]);
    await lab.attach(attachment());
    expect(await lab.planAttach(attachment())).toEqual([]);

    await host.reboot();
    expect(await lab.plan(ISER)).toEqual([]);
    // The host logs in by itself when it asks its adapters anew.
    await lab.attach(attachment());
    expect(host.state().iscsi.sessions).toMatchObject([{ adapter: "vmhba64", vmk: "vmk1" }]);

    await lab.attach([]);
    await lab.apply({});
    const after = host.state();
    expect(after.network).toEqual(before.network);
    expect(after.iscsi).toMatchObject({ adapters: [], sessions: [] });
  },
);
