import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import type { Esxi } from "../esxi.ts";
import { adapterName } from "./adapters.ts";
import { awaitLun, confirmDevice } from "./await-lun.ts";
import { setBootCommands } from "./boot-commands.ts";
import { makeDatastore } from "./datastores.ts";
import { makeDisk } from "./disks.ts";
import { openFacts } from "./facts.ts";
import { changeDisk } from "./given-disks.ts";
import { confirmVibs, enterMaintenance, installBundle, reboot } from "./install.ts";
import { FINDERS } from "./kinds.ts";
import { logIn } from "./log-in.ts";
import type { Confirm, Op } from "./op.ts";
import type { Found } from "./piece.ts";
import { expectReach } from "./reach.ts";

/** Does it, or throws saying what the host answered. `bundles`: the folder of drivers, of a hypervisor. */
export async function perform(op: Op, esxi: Esxi, bundles?: string): Promise<void> {
  switch (op.type) {
    case "run":
      await esxi.run(op.argv);
      return;
    case "on-adapter":
      await esxi.run(["esxcli", ...op.args, "-A", await adapterName(op.adapter, await openFacts(esxi))]);
      return;
    case "set-boot-commands":
      await setBootCommands(op, esxi);
      return;
    case "log-in":
      await logIn(op, esxi);
      return;
    case "await-lun":
      await awaitLun(op, esxi);
      return;
    case "confirm-device":
      await confirmDevice(op, esxi);
      return;
    case "reach":
      await expectReach(op, esxi);
      return;
    case "make-datastore":
      await makeDatastore(op, esxi);
      return;
    case "make-disk":
      await makeDisk(op, esxi);
      return;
    case "change-disk":
      await changeDisk(op, esxi);
      return;
    case "enter-maintenance":
      await enterMaintenance(esxi);
      return;
    case "install-bundle":
      assert(bundles !== undefined, "an initiator installs nothing");
      await installBundle(op, esxi, bundles);
      return;
    case "reboot":
      await reboot(esxi);
      return;
    case "confirm-vibs":
      await confirmVibs(op, esxi);
      return;
    case "confirm":
      confirm(op, await findOne(op, esxi), esxi.name);
      return;
    case "confirm-gone":
      if (await findOne(op, esxi))
        throw new SalvoError("program-failed", `the host took the command, and still has ${op.id}`, {
          host: esxi.name,
        });
  }
}

async function findOne({ kind, id }: Pick<Confirm, "kind" | "id">, esxi: Esxi): Promise<Found | undefined> {
  const find = FINDERS[kind];
  assert(find !== undefined, `nobody finds pieces of kind ${kind}`);
  return (await find(await openFacts(esxi))).find((piece) => piece.id === id);
}

function confirm({ id, facts, settings }: Confirm, found: Found | undefined, host: string): void {
  const wrong = (what: string) =>
    new SalvoError("program-failed", `the host took the command, and ${what}`, {
      host,
      remedy: "Look at the host's log (/var/log/vmkernel.log), then plan again",
    });
  if (!found) throw wrong(`shows no ${id}`);
  if (found.problem !== undefined) throw wrong(`shows ${id}, but ${found.problem}`);
  const told: Readonly<Record<string, string | undefined>> = {
    ...found.facts,
    ...Object.fromEntries(Object.entries(found.settings).map(([name, { value }]) => [name, value])),
  };
  for (const [name, value] of Object.entries({ ...facts, ...settings }))
    if (told[name] !== value) throw wrong(`shows ${id} with ${name} ${told[name] ?? "unset"} instead of ${value}`);
}
