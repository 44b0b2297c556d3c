/** Virtual machines, by their own files: what vim-cmd lists, and what each .vmx says. */
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { readPower, readVms, type Vm } from "../read/vim-cmd.ts";
import type { Facts } from "./facts.ts";

export interface KnownVm extends Vm {
  /** Keys of its .vmx in lower case: "scsi1:0.filename". */
  readonly vmx: ReadonlyMap<string, string>;
}

export async function readVmList(facts: Facts): Promise<Vm[]> {
  return readVms(await facts.print("vim-cmd", "vmsvc/getallvms"));
}

/** Throws `refused` while a virtual machine runs: a new start of the host would end it. */
export async function refuseRunningVms(facts: Facts): Promise<void> {
  for (const { id, name } of await readVmList(facts))
    if (readPower(await facts.print("vim-cmd", "vmsvc/power.getstate", String(id))) === "on")
      throw new SalvoError("refused", `${name} runs, and the host must be started anew for its drivers`, {
        host: facts.host,
        remedy: "Shut that virtual machine down, or move it to another host. Then plan again",
      });
}

export async function readVm(vm: Vm, facts: Facts): Promise<KnownVm> {
  return { ...vm, vmx: readVmx(await facts.print("cat", vmxPath(vm))) };
}

export function vmxPath({ datastore, path }: Pick<Vm, "datastore" | "path">): string {
  return `/vmfs/volumes/${datastore}/${path}`;
}

/** key = "value" */
export function readVmx(text: string): Map<string, string> {
  const lines = text.matchAll(/^\s*([\w:.]+)\s*=\s*"(.*)"\s*$/gm);
  return new Map([...lines].map(([, key = "", value = ""]) => [key.toLowerCase(), value]));
}

/** Disks on its SCSI controllers: controller, unit, and the file, whole or beside the .vmx. */
export function scsiDisks({ vmx, datastore, path }: KnownVm) {
  return [...vmx].flatMap(([key, file]) => {
    const place = /^scsi(\d+):(\d+)\.filename$/.exec(key);
    if (!place || vmx.get(`scsi${place[1]}:${place[2]}.present`)?.toUpperCase() === "FALSE") return [];
    const folder = vmxPath({ datastore, path }).replace(/\/[^/]*$/, "");
    return [
      {
        controller: Number(place[1]),
        unit: Number(place[2]),
        file: file.startsWith("/") ? file : `${folder}/${file}`,
      },
    ];
  });
}
