import { afterAll, beforeAll, expect, test } from "vitest";
import { ssh } from "./host.fixture.ts";
import { LUN, setUpNetwork, startLab, works } from "./lab.fixture.ts";
import type { EsxiHost } from "./start.ts";

/** Each command is a start of Node, and a busy machine takes its time for one. */
const TIMEOUT_MS = 120_000;

let host: EsxiHost;
beforeAll(async () => {
  host = await startLab({ vms: [{ name: "tmpl 1", guestAddress: "192.168.10.50" }] });
  await setUpNetwork(host);
  await works(
    host,
    `set -e
esxcli iscsi software set -e true
esxcli iscsi networkportal add -n vmk1 -A vmhba64
esxcli iscsi adapter discovery sendtarget add -A vmhba64 -a 10.10.1.2
esxcli storage core adapter rescan --all`,
  );
}, TIMEOUT_MS);
afterAll(() => host[Symbol.asyncDispose]());

test("esxcli refuses as real hosts do, on its standard output", { timeout: TIMEOUT_MS }, async () => {
  for (const [line, says] of [
    ["esxcli graphics host refresh", "Error: Unknown command or namespace graphics host refresh\n"],
    ["esxcli network vswitch standard add -v iser1", "A portset with this name already exists\n"],
    ["esxcli network vswitch standard uplink add -v iser1 -u vmnic2", "Uplink already exists: vmnic2\n"],
    ["esxcli network vswitch standard uplink remove -v iser1 -u vmnic3", "No such uplink: vmnic3\n"],
    [
      "esxcli network vswitch standard portgroup add -v iser1 -p 'iSER 1'",
      "A portgroup with the name iSER 1 already exists\n",
    ],
    ["esxcli network ip interface add -p 'iSER 1'", "A vmkernel nic for the connection point already exists\n"],
    [
      "esxcli network vswitch standard portgroup remove -v iser1 -p other",
      "Unable to complete Sysinfo operation.  Please see the VMkernel log file for more details.: Sysinfo error: Not foundSee VMkernel log for details.\n",
    ],
    [
      "esxcli system settings kernel set -s hyperthreadingMitigation -v TRUE",
      "Invalid Key Name: hyperthreadingMitigation\n",
    ],
    [
      "esxcli system shutdown reboot",
      "Error: Missing required parameter -r|--reason\n\nUsage: esxcli system shutdown reboot [cmd options]\n\nDescription: \n  reboot                Reboot the system. The host must be in maintenance mode.\n\nCmd options:\n  -d|--delay=<long>     Delay interval in seconds\n  -r|--reason=<str>     Reason for performing the operation (required)\n",
    ],
  ] as const)
    expect({ line, ...(await ssh(host, line)) }).toEqual({ line, stdout: says, stderr: "", exitCode: 1 });
});

test(
  "a device takes round robin, queue depths and competing worlds, and none above what its driver offers",
  { timeout: TIMEOUT_MS },
  async () => {
    await works(
      host,
      `set -e
esxcli storage nmp device set --psp=VMW_PSP_RR --device=${LUN}
esxcli storage nmp psp roundrobin deviceconfig set --type=iops --iops=1 --device=${LUN}
esxcli storage core device set -d ${LUN} -m 64 -O 64 -s 32 -q 4`,
    );
    expect(await works(host, `esxcli storage nmp device list -d ${LUN}`)).toContain(
      "   Path Selection Policy Device Config: {policy=iops,iops=1,bytes=10485760,useANO=0; lastPathIndex=0: NumIOsPending=0,numBytesPending=0}\n",
    );
    const shown = await works(host, `esxcli storage core device list -d ${LUN}`);
    expect(shown).toContain("   Queue Full Sample Size: 32\n   Queue Full Threshold: 4\n");
    expect(shown).toContain("   Device Max Queue Depth: 64\n   No of outstanding IOs with competing worlds: 64\n");
    expect(await ssh(host, `esxcli storage core device set -m 254 -d ${LUN}`)).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining(
        "Unable to set device's max-queue-depth or current-queue-depth. Error was: Unable to complete Sysinfo operation.",
      ),
    });
  },
);

test(
  "a LUN gets a partition and VMFS, and a virtual disk on it comes to a running VM and goes without its file",
  { timeout: TIMEOUT_MS },
  async () => {
    const disk = `/vmfs/devices/disks/${LUN}`;
    expect(await works(host, `partedUtil getptbl ${disk}`)).toBe("unknown\n4177 255 63 67108864\n");
    await works(
      host,
      `partedUtil mklabel ${disk} gpt && partedUtil setptbl ${disk} gpt "1 2048 67108830 AA31E02A400F11DB9590000C2911D1B8 0"`,
    );
    expect(await works(host, `vmkfstools -C vmfs6 -S lun1 ${disk}:1`)).toMatch(
      /\nSuccessfully created new volume: [0-9a-f-]+\n$/,
    );
    expect(await works(host, "cd /vmfs/volumes/lun1 && vmkfstools -c 10G -d eagerzeroedthick VM1-1.vmdk")).toBe(
      "Creating disk 'VM1-1.vmdk' and zeroing it out...\nCreate: 100% done.\n",
    );
    await works(host, "vim-cmd vmsvc/power.on 1");
    const attach = "vim-cmd vmsvc/device.diskaddexisting 1 /vmfs/volumes/lun1/VM1-1.vmdk 0 1";
    expect(await works(host, attach)).toBe("");
    expect(await ssh(host, attach)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("Invalid configuration for device '0'."),
    });
    expect(await works(host, "vim-cmd vmsvc/device.getdevices 1")).toContain('fileName = "[lun1] VM1-1.vmdk"');
    expect(await works(host, "vim-cmd vmsvc/get.guest 1")).toContain('   ipAddress = "192.168.10.50",\n');
    expect(await works(host, "vim-cmd vmsvc/device.diskremove 1 0 1 n; ls /vmfs/volumes/lun1")).toContain(
      "VM1-1.vmdk\n",
    );
    expect(await works(host, "vim-cmd vmsvc/getallvms | head -n 1")).toMatch(
      /^Vmid {4}Name {2,}File {2,}Guest OS {2,}Version {3}Annotation\n$/,
    );
    expect(await ssh(host, "esxcli system maintenanceMode set -e true")).toMatchObject({ exitCode: 1 });
    await works(host, "vim-cmd vmsvc/power.off 1");
  },
);

test("a VM is cloned by its files and registered, and an RDM maps the LUN", { timeout: TIMEOUT_MS }, async () => {
  const clone = `set -e; cd /vmfs/volumes/datastore1; mkdir vm2
vmkfstools -i "tmpl 1/tmpl 1.vmdk" vm2/vm2.vmdk -d thin >/dev/null
sed -e 's/tmpl 1/vm2/' "tmpl 1/tmpl 1.vmx" >vm2/vm2.vmx
vim-cmd solo/registervm /vmfs/volumes/datastore1/vm2/vm2.vmx vm2`;
  expect(await works(host, clone)).toBe("2\n");
  const rdm = "/vmfs/volumes/datastore1/vm2/rdm.vmdk";
  await works(host, `vmkfstools -z /vmfs/devices/disks/${LUN} ${rdm}`);
  expect(await works(host, `vmkfstools -q ${rdm}`)).toMatch(
    new RegExp(`^Disk ${rdm} is a Passthrough Raw Device Mapping\nMaps to: vml\\.[0-9a-f]+\n$`),
  );
});

test(
  "esxtop prints a quoted header and rows of the same length, with stamps of whole seconds",
  { timeout: TIMEOUT_MS },
  async () => {
    host.change((state) => void Object.assign(state.settings, { esxtopDelayMs: 1 }));
    const lines = (await works(host, "esxtop -b -a -d 2 -n 3")).trimEnd().split("\n");
    const rows = lines.map((line) => line.slice(1, -1).split('","'));
    expect(rows).toHaveLength(4);
    expect(rows.every((row) => row.length === rows[0]?.length)).toBe(true);
    expect(rows[0]?.[0]).toBe("(PDH-CSV 4.0) (UTC)(0)");
    expect(rows[0]).toContain(`\\\\esxi1\\Physical Disk SCSI Device(${LUN})\\Average Kernel MilliSec/Command`);
    expect(rows[0]).toContain("\\\\esxi1\\Physical Disk Adapter(vmhba64)\\Commands/sec");
    expect(rows[1]?.[0]).toMatch(/^\d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d$/);
    expect(rows[1]?.[1]).toBe("0.00");
  },
);
