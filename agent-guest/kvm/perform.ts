import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { scsiBus } from "./machine.ts";
import { commandOf, type KvmOp } from "./op.ts";
import { withQmp } from "./qmp.ts";

/** Does one op, and returns when QEMU says that it is done. Throws `not-found` for a machine that does not run. */
export async function performKvm(op: KvmOp): Promise<void> {
  const { vm, qmp: file } = op.place;
  const { command, args } = commandOf(op);
  await withQmp(file, async (qmp) => {
    const more = op.type === "give-disk" ? { bus: await scsiBus(qmp, op.place) } : {};
    await qmp.execute(command, { ...args, ...more });
    // The answer to device_del says only that it was begun.
    if (op.type === "take-disk-back") await qmp.untilEvent("DEVICE_DELETED", op.device);
  }).catch((error: unknown) => {
    const { kind, message, remedy } = toSalvoError(error);
    throw new SalvoError(kind, `virtual machine ${vm}: ${message}`, {
      file,
      cause: error,
      ...(remedy !== undefined && { remedy }),
    });
  });
}
