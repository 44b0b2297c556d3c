import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Fields, fieldsOf, onlyFields } from "./answer.ts";
import { type Format, FORMATS, readAnswer, readList } from "./formats.ts";
import { allRecorded, recorded } from "./recorded.fixture.ts";

function rows(name: string, format: Format = "text"): Fields[] {
  return fieldsOf(readAnswer(recorded(name), format));
}

function only(name: string, format: Format = "text"): Fields {
  return onlyFields(readAnswer(recorded(name), format));
}

test("tables are cut by the dashed line, also with one blank between columns and values longer than the dashes", () => {
  expect(
    rows("rdma-device-list-7").map((row) => [
      row.text("Name"),
      row.text("Driver"),
      row.text("Speed"),
      row.text("Paired Uplink"),
      row.text("Description"),
    ]),
  ).toEqual([
    ["vmrdma0", "nenic", "50 Gbps", "vmnic1", "Cisco UCS VIC 15XXX (A0)"],
    ["vmrdma1", "nenic", "50 Gbps", "vmnic2", "Cisco UCS VIC 15XXX (A0)"],
  ]);
  expect(rows("rdma-vmknic-list-7").map((row) => [row.text("Device"), row.text("Vmknic")])).toEqual([
    ["vmrdma0", "vmk1"],
    ["vmrdma1", "vmk2"],
  ]);
  expect(only("rdma-protocol-list-7").flag("RoCE v1")).toBe(false);
  expect(only("rdma-protocol-list-7").flag("RoCE v2")).toBe(true);
  const portGroups = rows("portgroup-list-7");
  expect(portGroups.map((row) => [row.text("Name"), row.text("Virtual Switch"), row.number("VLAN ID")])).toEqual([
    ["Management Network", "vSwitch0", 0],
    ["iscsi", "storage", 0],
  ]);
  expect(only("ipv4-list-7").text("IPv4 Address")).toBe("10.1.0.12");
  expect(only("nic-list-8").text("Description")).toBe("Broadcom Corporation NetXtreme BCM5720 Gigabit Ethernet");
  expect(only("nic-list-8").number("MTU")).toBe(1500);
  expect(only("filesystem-list-8").number("Free")).toBe(122_972_798_976);
  expect(only("filesystem-list-8").flag("Mounted")).toBe(true);
  expect(only("filesystem-list-9").text("Volume Name")).toBe("BOOTBANK1");
  expect(only("iscsi-adapter-list-5.5").text("Driver")).toBe("iscsi_vmk");
  expect(only("module-list").flag("Is Loaded")).toBe(true);
  expect(
    rows("iscsi-param-get-5.1").map((row) => [row.text("Name"), row.text("Current"), row.flag("Settable")]),
  ).toEqual([
    ["FirstBurstLength", "262144", true],
    ["MaxCmds", "128", false],
    ["DelayedAck", "false", true],
    ["HeaderDigest", "prohibited", true],
  ]);
  const setting = only("kernel-setting-7");
  expect([setting.flag("Configured"), setting.flag("Runtime"), setting.flag("Default")]).toEqual([true, true, false]);
});

test("a column without a value is empty, and a row that its dashes do not cut is an error that shows the text", () => {
  const adapter = only("storage-adapter-list-9");
  expect(adapter.text("Capabilities")).toBe("");
  expect(adapter.text("UID")).toBe("pscsi.vmhba0");
  expect(adapter.text("Description")).toBe("(0000:02:00.0) VMware Inc. PVSCSI SCSI Controller");
  expect(() => rows("storage-adapter-list-mixed")).toThrow(
    expect.objectContaining({ kind: "program-failed", message: expect.stringContaining("vmhba64  nvmerdma") }),
  );
});

test("a table without its dashed line is no answer", () => {
  expect(() => rows("vmfs-extent-list-9").map((row) => row.text("Device Name"))).toThrow("there is no Device Name");
  expect(() => rows("vib-list-6.5").map((row) => row.text("Name"))).toThrow("there is no Name");
});

test("blocks are cut by indentation", () => {
  const device = only("storage-device-list-9");
  expect(device.title).toBe("mpx.vmhba0:C0:T0:L0");
  expect(device.number("Device Max Queue Depth")).toBe(1024);
  expect(device.text("Vendor")).toBe("VMware");
  expect(device.text("Emulated DIX/DIF Enabled")).toBe("false");
  expect(device.flag("isRDMcapable")).toBe(false);
  const other = only("device-nvme-8");
  for (const each of [device, other])
    expect(each.number("No of outstanding IOs with competing worlds", "IOs with competing worlds")).toBe(32);
  expect(only("nvme-tcp-7").number("Device Max Queue Depth")).toBe(126);

  const path = only("storage-path-list-6");
  expect(path.text("Runtime Name")).toBe("vmhba38:C0:T1:L1");
  expect(path.text("Target Transport Details")).toContain("IQN=iqn.2002-03.com.compellent:5000d3100077102b ");
  const nmp = only("nmp-device-list-6.5");
  expect(nmp.list("Working Paths")).toEqual(["vmhba64:C1:T0:L0", "vmhba64:C0:T0:L0"]);
  expect(nmp.text("Path Selection Policy")).toBe("VMW_PSP_RR");
  expect(only("nmp-rr-config-6.5").number("IOOperation Limit")).toBe(8);
  expect(only("rr-path-config").text("Group State")).toBe("active unoptimized");

  const session = only("iscsi-session-list-5.1");
  expect([session.text("ISID"), session.text("Target")]).toEqual([
    "00023d000001",
    "iqn.2010-09.org.openindiana:02:bd79a6ff-33c2-41d3-8f0e-9c8d8b6e9fcb",
  ]);
  expect(only("iscsi-connection-list-5.1").text("State")).toBe("logged_in");
  const bound = only("iscsi-networkportal-list-5.1");
  expect([bound.text("Vmknic"), bound.text("Compliant Status"), bound.text("IPv6")]).toEqual(["vmk1", "compliant", ""]);
  expect(only("iscsi-adapter-get-5.5").text("Name")).toBe("iqn.1998-01.com.vmware:macm-38de6805");

  expect(only("vswitch-list-7").list("Uplinks")).toEqual(["vmnic32"]);
  expect(only("vswitch-list-7").list("Portgroups")).toEqual(["nfs-for-vm", "iscsi"]);
  expect(only("vswitch-no-uplinks").list("Uplinks")).toEqual([]);
  expect(only("ip-interface-list-6.5").number("MTU")).toBe(1500);
  expect(rows("cpu-list-9").map((cpu) => [cpu.title, cpu.number("Node"), cpu.number("Core Speed")])).toEqual([
    ["CPU:0", 0, 3_407_999_975],
    ["CPU:1", 0, 3_407_999_975],
  ]);
});

test("blocks without a line above them are one thing", () => {
  expect(only("system-version-6.0").text("Build")).toBe("Releasebuild-3073146");
  expect(only("cpu-global-8").number("CPU Threads")).toBe(40);
  expect(only("memory-get-8").text("Physical Memory")).toBe("240470433792 Bytes");
});

test("a reboot is asked for in either order of lines", () => {
  expect(only("vib-update-6.7").flag("Reboot Required")).toBe(true);
  expect(only("vib-install-8").flag("Reboot Required")).toBe(true);
  expect(only("vib-install-6.5").flag("Reboot Required")).toBe(false);
  expect(only("vib-update-6.7").list("VIBs Installed")).toContain(
    "MEL_bootbank_nmlx4-rdma_3.19.70.1-1OEM.670.0.0.8169922",
  );
  expect(only("vib-install-8").list("VIBs Skipped")).toEqual([]);
});

test("values alone are titles", () => {
  expect(only("iscsi-software-get").title).toBe("true");
  expect(only("iscsi-software-set").title).toBe("Software iSCSI Enabled");
  expect(only("iscsi-rediscover").title).toBe("Rediscovery started");
  expect(readAnswer("true\n", "json").items[0]?.title).toBe("true");
});

test("json has typed values and names without blanks, and a banner may stand before it", () => {
  expect(only("version-json", "json").text("Version")).toBe("7.0.1");
  expect(only("nic-json", "json").text("MAC Address")).toBe("..");
  expect(only("nic-json", "json").number("MTU")).toBe(1500);
  const banner = `[maintenance] at noon\n{not json}\n${recorded("nic-json")}`;
  expect(onlyFields(readAnswer(banner, "json")).text("Admin Status")).toBe("Up");
  expect(onlyFields(readAnswer('{"HBA Name": "vmhba0", "Uids": ["a", "b"]}', "json")).list("UIDs")).toEqual(["a", "b"]);
});

test("csv ends each line with a comma, and lists in it end with one too", () => {
  const device = only("device-list-csv-5", "csv");
  expect(device.list("Other UIDs")).toEqual(["vml.01000"]);
  expect(device.text("Vendor")).toBe("ATA");
  expect(device.number("No of outstanding IOs with competing worlds")).toBe(32);
  expect(only("nic-list-csv", "csv").text("Devfs Path")).toBe("/vmfs/devices/disks/naa.1");
});

test("xml is read with and without a root, and keyvalue with and without an index", () => {
  expect(only("nic-list-xml", "xml").text("Admin Status")).toBe("Up");
  expect(only("nic-list-xml", "xml").number("MTU")).toBe(1500);
  expect(only("vendor-xml", "xml").flag("Link Up")).toBe(true);
  expect(only("nic-list-keyvalue", "keyvalue").number("MTU")).toBe(9000);
  expect(only("version-keyvalue", "keyvalue").text("Version")).toBe("8.0.2");
  expect(only("scsi-device-keyvalue", "keyvalue").flag("Is Local")).toBe(true);
});

test("nothing is an empty list only where the formatter prints nothing for one", () => {
  expect(readList("", "text").items).toEqual([]);
  expect(readList("[]\n", "json").items).toEqual([]);
  expect(() => readList("", "json")).toThrow("this is no JSON");
  expect(() => readList("", "xml")).toThrow("the XML is not whole");
  expect(() => readAnswer("\n", "text")).toThrow("there is nothing");
  expect(readAnswer("Name  MTU\n----  ---\n", "text").items).toEqual([]);
});

test.each(["unknown-command", "partedutil-refused"])("an error is no value: %s", (name) => {
  expect(() => rows(name)).toThrow("this is an error");
});

test("every recorded output is read by a test", () => {
  const folder = join(import.meta.dirname, "..");
  const tests = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".test.ts"));
  const text = tests.map((file) => readFileSync(join(folder, file), "utf8")).join("");
  const unread = allRecorded().filter((name) => !text.includes(`"${name}"`));
  expect(unread).toEqual([]);
});

const name = fc.stringMatching(/^[A-Z][A-Za-z]{0,7}( [A-Z][a-z]{1,5})?$/);
const cell = fc.stringMatching(/^[A-Za-z0-9.:/-]{1,12}( [A-Za-z0-9]{1,5})?$/);
const names = fc.uniqueArray(name, {
  minLength: 1,
  maxLength: 6,
  selector: (each) => each.toLowerCase().replace(" ", ""),
});
const table = names.chain((heads) =>
  fc.record({
    heads: fc.constant(heads),
    rows: fc.array(fc.array(cell, { minLength: heads.length, maxLength: heads.length }), { maxLength: 5 }),
  }),
);

test("whatever is printed as a table, csv, json, xml or blocks is read back", () => {
  fc.assert(
    fc.property(table, ({ heads, rows }) => {
      const widths = heads.map((head, at) =>
        [head, ...rows.map((row) => row[at] ?? "")].reduce((most, each) => Math.max(most, each.length), 0),
      );
      const line = (cells: readonly string[]) =>
        cells
          .map((each, at) => each.padEnd(widths[at] ?? 0))
          .join("  ")
          .trimEnd();
      const compact = heads.map((head) => head.replace(" ", ""));
      const printed: Record<Format, string> = {
        text: [line(heads), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(line)].join("\n"),
        csv: [compact, ...rows].map((row) => `${row.map((each) => `"${each}"`).join(",")},`).join("\n"),
        json: JSON.stringify(rows.map((row) => Object.fromEntries(compact.map((head, at) => [head, row[at]])))),
        xml: `<output><root><list type="structure">${rows.map((row) => `<structure typeName="X">${compact.map((head, at) => `<field name="${head}"><string>${row[at]}</string></field>`).join("")}</structure>`).join("")}</list></root></output>`,
        keyvalue: rows
          .flatMap((row, index) => compact.map((head, at) => `structure[${index}].X.${head}.string=${row[at]}`))
          .join("\n"),
      };
      for (const format of FORMATS) {
        const read = fieldsOf(readList(printed[format], format));
        expect(
          read.map((item) => heads.map((head) => item.text(head))),
          format,
        ).toEqual(rows);
      }
      if (rows.length === 0) return;
      const blocks = rows.map((row, index) =>
        [`thing${index}`, ...heads.map((head, at) => `   ${head}: ${row[at]}`)].join("\n"),
      );
      const read = fieldsOf(readAnswer(blocks.join("\n\n"), "text"));
      expect(read.map((item) => heads.map((head) => item.text(head)))).toEqual(rows);
    }),
  );
});

test("no text makes a reader do anything but answer or say that it cannot read it", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.stringMatching(/^[-\s"<>=[\]{}:,.a-c\n/]{0,60}$/),
    fc.constantFrom(...allRecorded()).map((name) => recorded(name)),
  );
  fc.assert(
    fc.property(hostile, fc.constantFrom(...FORMATS), (text, format) => {
      try {
        readList(text, format);
      } catch (error) {
        expect(error).toMatchObject({ kind: "program-failed" });
      }
    }),
    { numRuns: 500 },
  );
});
