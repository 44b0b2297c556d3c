import fc from "fast-check";
import { expect, test } from "vitest";
import { readCommands } from "./commands.ts";
import {
  expectNewDisk,
  readModuleOptions,
  readNewVolume,
  readPartitions,
  readPing,
  readRdm,
  readUsableSectors,
} from "./programs.ts";
import { recorded } from "./recorded.fixture.ts";
import { isHostdDown, isUnknownCommand } from "./refusals.ts";
import { faultError, faultIn, isVimObject, readPower, readVimObject, readVms } from "./vim-cmd.ts";

test("a host says itself what it offers", () => {
  const commands = readCommands(recorded("command-list"));
  expect(commands.has("system snmp get")).toBe(true);
  expect(commands.has("rdma iser add")).toBe(false);
  expect(commands.count).toBe(2);
  const asTable = `Namespace       Command\n--------------  -------\nesxcli.command  list\nrdma.iser       add\n`;
  expect(readCommands(asTable).has("rdma iser add")).toBe(true);
  expect(() => readCommands("")).toThrow("this is no list of commands");
  expect(() => readCommands(recorded("hostd-down"))).toThrow("this is no list of commands");
});

test("a missing command is known from what the host says", () => {
  expect(isUnknownCommand(recorded("unknown-command"))).toBe(true);
  expect(isUnknownCommand(recorded("not-found-program"))).toBe(true);
  expect(isUnknownCommand(recorded("queue-depth-refused"))).toBe(false);
  expect(isHostdDown(recorded("hostd-down"))).toBe(true);
});

test("VMs are read by their id and file, whatever is in their names", () => {
  expect(readVms(recorded("getallvms-none"))).toEqual([]);
  expect(readVms(recorded("getallvms-8"))).toEqual([{ id: 1, name: "x8", datastore: "pve-esx", path: "x8/x8.vmx" }]);
  expect(readVms(recorded("getallvms-row"))).toMatchObject([{ id: 1, name: "xpenology-3810-esxi-1.1" }]);
  expect(() => readVms(recorded("hostd-down"))).toThrow("there is no line of headings");
  const row = "7   a [b] *.1   [data store] a [b]/x.vmx   other   vmx-19   a note\nof two lines";
  expect(readVms(`${recorded("getallvms-none")}${row}`)).toMatchObject([{ id: 7, datastore: expect.any(String) }]);
});

test("the state of power is its last line", () => {
  expect(readPower(recorded("power-on"))).toBe("on");
  expect(readPower(recorded("power-off"))).toBe("off");
  expect(() => readPower(recorded("powering-on"))).toThrow("it does not tell whether the VM is powered on");
});

test("objects of vim-cmd are read with what is not set", () => {
  const { type, fields } = readVimObject(recorded("guest-info"));
  expect(type).toBe("vim.vm.GuestInfo");
  expect(fields.get("toolsStatus")).toBe("toolsNotInstalled");
  expect(fields.has("ipAddress")).toBe(true);
  expect(fields.get("ipAddress")).toBeUndefined();
  const nested = `(vim.vm.device.VirtualDevice) [
   (vim.vm.device.VirtualDisk) {
      key = 2000,
      backing = (vim.vm.device.VirtualDisk.FlatVer2BackingInfo) {
         fileName = "[ds] a b/c.vmdk",
         split = false
      },
      ids = (string) [ "a", "b" ],
      host = 'vim.HostSystem:ha-host',
      shares = (vim.SharesInfo) null,
   }
]`;
  const disk = readVimObject(nested.slice(nested.indexOf("(vim.vm.device.VirtualDisk) {")).replace(/\n\]$/, ""));
  expect(disk.fields.get("key")).toBe(2000);
  const backing = disk.fields.get("backing");
  expect(isVimObject(backing) && backing.fields.get("fileName")).toBe("[ds] a b/c.vmdk");
  expect(disk.fields.get("ids")).toEqual(["a", "b"]);
  expect(disk.fields.get("host")).toBe("vim.HostSystem:ha-host");
  expect(() => readVimObject("nothing")).toThrow("there is no (type) {");
  expect(() => readVimObject("(vim.X) { a = }")).toThrow("where none can be");
});

test("faults are known", () => {
  const missing = faultIn(recorded("fault-not-found"));
  expect(missing).toEqual({ type: "vim.fault.NotFound", message: 'Unable to find a VM corresponding to "1"' });
  expect(faultError(missing!)).toMatchObject({ kind: "not-found" });
  expect(faultError(faultIn(recorded("fault-licence"))!)).toMatchObject({ kind: "refused" });
  expect(faultError(faultIn(recorded("hostd-down"))!)).toMatchObject({ kind: "program-failed" });
  expect(faultIn(recorded("powering-on"))).toBeUndefined();
});

test("what vmkfstools and partedUtil did is read from what they say", () => {
  expect(readNewVolume(recorded("vmkfstools-new-volume-8"))).toBe("6868923c-fec3e57e-e7c7-b4969130419a");
  expect(() => readNewVolume(recorded("partedutil-refused"))).toThrow("does not say that a volume was created");
  expectNewDisk(recorded("vmkfstools-new-disk"));
  expect(() => expectNewDisk("Creating disk 'x'\n")).toThrow("does not say that the disk was created");
  expect(readRdm(recorded("vmkfstools-rdm"))).toEqual({
    kind: "physical",
    device: "vml.0200050000600601603df02d00d06e9cf71b6fe111565241494420",
  });
  expect(readRdm("Disk x.vmdk is not an RDM")).toBeUndefined();
  expect(readPartitions(recorded("partedutil-empty"))).toEqual({ label: "unknown", partitions: [] });
  const vmfs = { number: 1, start: 2048, end: 272_629_726, guid: "AA31E02A400F11DB9590000C2911D1B8" };
  expect(readPartitions(recorded("partedutil-vmfs"))).toEqual({ label: "gpt", partitions: [vmfs] });
  expect(readPartitions(recorded("partedutil-set"))).toEqual({ label: "gpt", partitions: [vmfs] });
  expect(() => readPartitions(recorded("partedutil-refused"))).toThrow("this is no partition table");
  expect(readUsableSectors(recorded("partedutil-sectors"))).toEqual({ first: 34, last: 272_629_726 });
  expect(readModuleOptions(recorded("module-options-7"))).toEqual({
    enabled: true,
    options: "pfctx=0x08 pfcrx=0x08 trust_state=2",
  });
});

test("vmkping tells how many packets came back, and whether they were too long", () => {
  expect(readPing(recorded("ping-jumbo"))).toEqual({ sent: 3, received: 3, rttMinMs: 0.198, tooLong: false });
  expect(readPing(recorded("ping-too-long"))).toEqual({ sent: 3, received: 0, rttMinMs: 0, tooLong: true });
  expect(() => readPing("")).toThrow("does not say how many packets came back");
});

test("no text makes these readers do anything but answer or say that they cannot read it", () => {
  const readers = [readVms, readPower, readVimObject, readCommands, readRdm, readPartitions, readPing, readNewVolume];
  const text = fc.oneof(fc.string(), fc.stringMatching(/^\(vim\.x\) \{[\s(){}[\]=,."'a-z0-9<>\n]{0,60}$/));
  fc.assert(
    fc.property(text, fc.constantFrom<(text: string) => unknown>(...readers), (given, read) => {
      try {
        read(given);
      } catch (error) {
        expect(error).toMatchObject({ kind: "program-failed" });
      }
    }),
    { numRuns: 1000 },
  );
});
