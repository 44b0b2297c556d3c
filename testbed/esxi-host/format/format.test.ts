import { expect, test } from "vitest";
import { type Output, table } from "./output.ts";
import { asCsv, asJson, asKeyValue, asXml } from "./structured.ts";
import { asText } from "./text.ts";

const NIC = table(
  "Nic",
  [
    "Name",
    "PCI Device",
    "Driver",
    "Admin Status",
    "Link Status",
    "Speed",
    "Duplex",
    "MAC Address",
    "MTU",
    "Description",
  ],
  [
    [
      "vmnic0",
      "0000:01:00.0",
      "ntg3",
      "Up",
      "Up",
      1000,
      "Full",
      "90:b1:1c:3c:c5:61",
      1500,
      "Broadcom Corporation NetXtreme BCM5720 Gigabit Ethernet",
    ],
  ],
);

test("a table is as a host of 8.0.3 printed it", () => {
  expect(asText(NIC, { lastDashes: "heading", showHeader: true }))
    .toBe(`Name    PCI Device    Driver  Admin Status  Link Status  Speed  Duplex  MAC Address         MTU  Description
------  ------------  ------  ------------  -----------  -----  ------  -----------------  ----  -----------
vmnic0  0000:01:00.0  ntg3    Up            Up            1000  Full    90:b1:1c:3c:c5:61  1500  Broadcom Corporation NetXtreme BCM5720 Gigabit Ethernet
`);
});

test("the dashes of the last column are as wide as its longest value where an older host printed them so", () => {
  const adapters = table(
    "Adapter",
    ["Adapter", "Driver", "State", "UID", "Description"],
    [["vmhba37", "iscsi_vmk", "online", "iscsi.vmhba37", "iSCSI Software Adapter"]],
  );
  expect(asText(adapters, { lastDashes: "longest", showHeader: true })).toBe(
    `Adapter  Driver     State   UID            Description           
-------  ---------  ------  -------------  ----------------------
vmhba37  iscsi_vmk  online  iscsi.vmhba37  iSCSI Software Adapter
`.replace("Description           \n", "Description\n"),
  );
  expect(asText(adapters, { lastDashes: "longest", showHeader: false })).toBe(
    "vmhba37  iscsi_vmk  online  iscsi.vmhba37  iSCSI Software Adapter\n",
  );
});

const SWITCHES: Output = {
  kind: "blocks",
  type: "VirtualSwitch",
  blocks: [
    {
      heading: "vSwitch0",
      fields: [
        ["Name", "vSwitch0"],
        ["Beacon Enabled", false],
        ["Beacon Required By", []],
        ["MTU", 1500],
        ["Portgroups", ["vss-vmnet", "vss-mgmt"]],
      ],
    },
  ],
};

test("keyvalue, csv, json and xml are as captures have them", () => {
  expect(asKeyValue(SWITCHES)).toBe(`structure[0].VirtualSwitch.BeaconEnabled.boolean=false
structure[0].VirtualSwitch.BeaconRequiredBy.string[] = 
structure[0].VirtualSwitch.MTU.integer=1500
structure[0].VirtualSwitch.Name.string=vSwitch0
structure[0].VirtualSwitch.Portgroups.string[0].string=vss-vmnet
structure[0].VirtualSwitch.Portgroups.string[1].string=vss-mgmt
`);
  expect(asCsv(SWITCHES, undefined)).toBe(
    'BeaconEnabled,BeaconRequiredBy,MTU,Name,Portgroups,\nfalse,,1500,vSwitch0,"vss-vmnet,vss-mgmt,",\n',
  );
  expect(asCsv(SWITCHES, ["Name", "MTU"])).toBe("Name,MTU,\nvSwitch0,1500,\n");
  const [parsed] = JSON.parse(asJson(SWITCHES, { names: "joined", single: "array" }));
  expect(parsed).toEqual({
    BeaconEnabled: false,
    BeaconRequiredBy: [],
    MTU: 1500,
    Name: "vSwitch0",
    Portgroups: ["vss-vmnet", "vss-mgmt"],
  });
  expect(asJson(SWITCHES, { names: "spaced", single: "object" })).toContain('"Beacon Enabled":false');
  expect(asXml(NIC)).toContain('<structure typeName="Nic">\n<field name="AdminStatus"><string>Up</string></field>');
  expect(asXml(NIC)).toContain('<field name="MTU"><integer>1500</integer></field>');
});

test("one structure of a get command stands alone, or as the only element of an array", () => {
  const version: Output = { kind: "structure", type: "VersionGet", fields: [["Version", "8.0.2"]] };
  expect(asKeyValue(version)).toBe("VersionGet.Version.string=8.0.2\n");
  expect(asJson(version, { names: "joined", single: "array" })).toBe('[{"Version":"8.0.2"}]\n');
  expect(asJson(version, { names: "joined", single: "object" })).toBe('{"Version":"8.0.2"}\n');
});

test("a heading that text does not repeat is a field of its own for the other formatters", () => {
  const devices: Output = {
    kind: "blocks",
    type: "NmpDevice",
    blocks: [{ heading: "naa.6001405", headingIs: "Device", fields: [["Is USB", false]] }],
  };
  expect(asText(devices, { lastDashes: "heading", showHeader: true })).toBe("naa.6001405\n   Is USB: false\n");
  expect(asKeyValue(devices)).toBe(
    "structure[0].NmpDevice.Device.string=naa.6001405\nstructure[0].NmpDevice.IsUSB.boolean=false\n",
  );
  expect(JSON.parse(asJson(devices, { names: "joined", single: "array" }))).toEqual([
    { Device: "naa.6001405", IsUSB: false },
  ]);
});
