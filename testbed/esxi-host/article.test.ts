import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { IQN, LUN, setUpNetwork, startLab, works } from "./lab.fixture.ts";
import { ssh } from "./host.fixture.ts";
import { VERSIONS } from "./versions.ts";
import { bundleText } from "./world/bundle.ts";

const BUNDLE = bundleText([
  {
    name: "nmlx5-core",
    version: "4.16.13.5-1OEM.650.0.0.4598673",
    vendor: "MEL",
    acceptance: "PartnerSupported",
    needsReboot: true,
  },
  {
    name: "nmlx5-rdma",
    version: "4.16.13.5-1OEM.650.0.0.4598673",
    vendor: "MEL",
    acceptance: "PartnerSupported",
    needsReboot: true,
  },
  {
    name: "iser",
    version: "1.0.0.2-1OEM.650.0.0.4598673",
    vendor: "MEL",
    acceptance: "PartnerSupported",
    needsReboot: true,
  },
]);

const TIMEOUT_MS = 180_000;

test.for(VERSIONS)(
  "the ESXi side of the article works on %s, and iSER lasts only by local.sh",
  { timeout: TIMEOUT_MS },
  async (version) => {
    await using host = await startLab({ version });
    if (version === "6.5") {
      expect(await works(host, "esxcli rdma device list")).not.toContain("vmrdma0");
      writeFileSync(host.path("/tmp/bundle.zip"), BUNDLE);
      expect(await ssh(host, "cd /tmp && esxcli software vib install -d bundle.zip")).toMatchObject({ exitCode: 1 });
      await works(host, "esxcli system maintenanceMode set --enable true");
      expect(await works(host, "esxcli software vib install -d /tmp/bundle.zip")).toBe(`Installation Result
   Message: The update completed successfully, but the system needs to be rebooted for the changes to be effective.
   Reboot Required: true
   VIBs Installed: MEL_bootbank_nmlx5-core_4.16.13.5-1OEM.650.0.0.4598673, MEL_bootbank_nmlx5-rdma_4.16.13.5-1OEM.650.0.0.4598673, MEL_bootbank_iser_1.0.0.2-1OEM.650.0.0.4598673
   VIBs Removed: VMW_bootbank_nmlx5-core_4.16.0.0-1vmw.650.0.0.4564106
   VIBs Skipped: 
`);
      const again = host.booted(host.state().boots + 1);
      await ssh(host, "esxcli system shutdown reboot -r drivers");
      await again;
      await works(host, "esxcli system maintenanceMode set --enable false");
    }
    await setUpNetwork(host);
    expect(await works(host, "vmkping -d -s 8972 -I vmk1 10.10.1.2")).toContain(
      "3 packets transmitted, 3 packets received, 0% packet loss",
    );
    expect(await works(host, "esxcli rdma device list")).toContain(
      "vmrdma0  nmlx5_rdma  Active  4096  100 Gbps  vmnic2",
    );

    const enable = version === "6.5" ? "esxcli system module load -m iser" : "esxcli rdma iser add -d vmrdma0";
    const listed = await works(host, "esxcli esxcli command list");
    expect(/^rdma\.iser +add$/m.test(listed)).toBe(version !== "6.5");
    await works(host, enable);
    expect(await works(host, "esxcli iscsi adapter list")).toMatch(/^vmhba64 +iser +unbound /m);
    await works(
      host,
      "esxcli iscsi networkportal add -n vmk1 -A vmhba64 && esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 10.10.1.2:3260",
    );
    expect(
      await works(
        host,
        "esxcli iscsi adapter discovery rediscover -A vmhba64; esxcli storage core adapter rescan --adapter=vmhba64",
      ),
    ).toBe("Rediscovery started\n");
    expect(await works(host, "esxcli iscsi session list")).toContain(
      `vmhba64,${IQN},00023d000001\n   Adapter: vmhba64\n   Target: ${IQN}\n   ISID: 00023d000001\n`,
    );
    expect(await works(host, `esxcli storage core path list -d ${LUN}`)).toContain(
      `   Target Transport Details: IQN=${IQN} Alias= Session=00023d000001 PortalTag=1\n`,
    );

    await host.reboot();
    expect(await works(host, "esxcli iscsi adapter list")).not.toContain("vmhba64");
    expect(await works(host, "esxcli storage core device list")).not.toContain(LUN);
    // In place: what moves another file there loses the mark by which 8.x knows it.
    await works(
      host,
      `F=/etc/rc.local.d/local.sh; sed 's/^exit 0/${enable}; esxcli storage core adapter rescan --all; exit 0/' $F >/tmp/new && cat /tmp/new >$F && /sbin/auto-backup.sh`,
    );
    await host.reboot();
    expect(await works(host, "esxcli iscsi adapter list")).toMatch(/^vmhba64 +iser +online /m);
    expect(await works(host, `esxcli storage core device list -d ${LUN}`)).toContain(
      "   Device Max Queue Depth: 128\n",
    );
  },
);

test(
  "a file of /etc that somebody moved into place does not outlive a reboot of 8.0, and does one of 7.0",
  { timeout: TIMEOUT_MS },
  async () => {
    for (const [version, lasts] of [
      ["7.0", true],
      ["8.0", false],
    ] as const) {
      await using host = await startLab({ version });
      await works(
        host,
        "cd /etc/rc.local.d && sed 's/^exit 0/echo x; exit 0/' local.sh >new && mv new local.sh && /sbin/auto-backup.sh",
      );
      await host.reboot();
      expect((await works(host, "cat /etc/rc.local.d/local.sh")).includes("echo x")).toBe(lasts);
    }
  },
);

test("secure boot leaves local.sh out", { timeout: TIMEOUT_MS }, async () => {
  await using host = await startLab({ settings: { secureBoot: true } });
  await works(
    host,
    "F=/etc/rc.local.d/local.sh; sed 's/^exit 0/touch \\/tmp\\/ran; exit 0/' $F >/tmp/new && cat /tmp/new >$F && /sbin/auto-backup.sh",
  );
  await host.reboot();
  expect((await ssh(host, "ls /tmp/ran")).exitCode).toBe(1);
});
