/** The article's way on an ESXi host, version by version: from nothing to iSER that outlives a reboot, and back. */
import { bundleText } from "@salvo/testbed/esxi-host/world/bundle.ts";
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

const VERSION = "4.16.13.5-1OEM.650.0.0.4598673";
const VIBS = ["nmlx5-core", "nmlx5-rdma", "iser"].map((name) => ({ name, version: VERSION }));

test(
  "ESXi 6.5 gets its drivers in maintenance mode and by a new start, unless virtual machines run; then it has iSER",
  { timeout: TIMEOUT_MS },
  async () => {
    await using lab = await startEsxiLab({ version: "6.5", vms: [{ name: "theirs" }] });
    const { host } = lab;
    const given = { vendor: "MEL", acceptance: "PartnerSupported", needsReboot: true };
    const sha256 = await lab.addBundle("mellanox.zip", bundleText(VIBS.map((vib) => ({ ...vib, ...given }))));
    const drivers = [{ bundle: "mellanox.zip", sha256, vibs: VIBS }];

    host.change(({ vms }) => vms.forEach((vm) => (vm.power = "on")));
    await expect(lab.plan({ drivers })).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining("theirs runs, and the host must be started anew"),
    });
    host.change(({ vms }) => vms.forEach((vm) => (vm.power = "off")));
    const wrong = [{ bundle: "mellanox.zip", sha256: "0".repeat(64), vibs: VIBS }];
    await expect(lab.apply({ drivers: wrong })).rejects.toMatchObject({ kind: "corrupt" });

    // The plan that failed has left the host in maintenance mode, and the next one goes on from there.
    expect(await lab.apply({ drivers })).toEqual(["make driver-bundle mellanox.zip", "make drivers-running"]);
    expect(host.state()).toMatchObject({
      boots: 2,
      maintenanceMode: false,
      vibs: expect.arrayContaining(VIBS.map((vib) => expect.objectContaining(vib))),
    });
    expect(await lab.plan({ drivers })).toEqual([]);

    await lab.apply({ ...ISER, drivers });
    expect(await lab.plan({ ...ISER, drivers })).toEqual([]);
    await host.reboot();
    expect(await lab.plan({ ...ISER, drivers })).toEqual([]);
  },
);
