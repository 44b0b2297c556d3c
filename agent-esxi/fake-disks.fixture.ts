/** vmkfstools, partedUtil and vim-cmd of the fake host: they keep real files in its /vmfs. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Answered, FakeState } from "./fake-state.fixture.ts";

const done = (text = ""): Answered => ({ text, changed: true });
const refused = (text: string): Answered => ({ text: `${text}\n`, code: 1 });
const deviceOf = (path: string) => path.replace("/vmfs/devices/disks/", "").replace(/:1$/, "");

/** -C vmfs6 -S NAME DEVICE:1; -c SIZE -d TYPE FILE; -z or -r DEVICE FILE; -q FILE; -U FILE */
export function vmkfstools(
  [option = "", ...args]: readonly string[],
  { datastores }: FakeState,
  root: string,
): Answered {
  const last = args.at(-1) ?? "";
  const file = join(root, last);
  const flat = file.replace(/\.vmdk$/, "-flat.vmdk");
  switch (option) {
    case "-C": {
      const name = args[2] ?? "";
      datastores[name] = deviceOf(last);
      mkdirSync(join(root, "vmfs/volumes", name), { recursive: true });
      return done("Successfully created new volume: 6868923c-fec3e57e-e7c7-b4969130419a\n");
    }
    case "-c":
      writeFileSync(file, "vmdk");
      writeFileSync(flat, "");
      writeFileSync(flat, Buffer.alloc(Number(args[0]?.replace("k", "")) * 1024));
      return done(`Creating disk '${last}' and zeroing it out...\nCreate: 100% done.\n`);
    case "-z":
    case "-r":
      writeFileSync(file, `${option} ${deviceOf(args[0] ?? "")}`);
      return done();
    case "-q": {
      const [kind, device] = readFileSync(file, "utf8").split(" ");
      if (device === undefined) return { text: `Disk ${last} is not an RDM\n` };
      const word = kind === "-z" ? "Passthrough" : "Non-passthrough";
      return { text: `Disk ${last} is a ${word} Raw Device Mapping\nMaps to: vml.${device}\n` };
    }
    case "-U":
      for (const each of [file, flat]) rmSync(each, { force: true });
      return done();
    default:
      return refused(`vmkfstools: unknown option ${option}`);
  }
}

export function partedUtil([does = "", path = "", ...args]: readonly string[], { tables }: FakeState): Answered {
  const device = deviceOf(path);
  const geometry = "8 255 63 131072\n";
  switch (does) {
    case "getptbl":
      return { text: (tables[device] ?? "unknown\n").replace("\n", `\n${geometry}`) };
    case "mklabel":
      tables[device] = "gpt\n";
      return done();
    case "getUsableSectors":
      return { text: "34 131038\n" };
    case "setptbl":
      tables[device] = `gpt\n${args[1]}\n`;
      return done(`gpt\n0 0 0 0\n${args[1]}\n`);
    case "delete":
      tables[device] = "gpt\n";
      return done();
    default:
      return refused(`partedUtil: unknown command ${does}`);
  }
}

/** One virtual machine, vm1, whose disks are in its .vmx. */
export function vimCmd([command, id, ...args]: readonly string[], { faults }: FakeState, root: string): Answered {
  const vmx = join(root, "vmfs/volumes/datastore1/vm1/vm1.vmx");
  const heads = "Vmid   Name          File                    Guest OS       Version   Annotation\n";
  if (command === "vmsvc/getallvms")
    return { text: `${heads}1      vm1     [datastore1] vm1/vm1.vmx   centos9_64Guest   vmx-20\n` };
  const fault = faults[command ?? ""];
  if (typeof fault === "object") return { text: `${fault.says}\n`, code: 0 };
  if (id !== "1") return refused('(vim.fault.NotFound) {...}\nUnable to find a VM corresponding to "2"');
  const lines = readFileSync(vmx, "utf8").split("\n").filter(Boolean);
  if (command === "vmsvc/device.diskaddexisting") {
    const [file, controller, unit] = args;
    writeFileSync(vmx, `${[...lines, `scsi${controller}:${unit}.fileName = "${file}"`].join("\n")}\n`);
    return done();
  }
  if (command === "vmsvc/device.diskremove") {
    const place = `scsi${args[0]}:${args[1]}.`;
    const gone = lines.find((line) => line.startsWith(`${place}fileName`));
    writeFileSync(vmx, `${lines.filter((line) => !line.startsWith(place)).join("\n")}\n`);
    const file = /"(.*)"/.exec(gone ?? "")?.[1];
    // A host that takes the last argument for something else.
    if (fault === "ignored" && file !== undefined) rmSync(join(root, file));
    return done();
  }
  return refused(`vim-cmd: unknown command ${command}`);
}
