/** Prepares a device in a process of its own, which may be given limits: PATH BYTES. Prints what went wrong as JSON. */
import { create } from "@bufbuild/protobuf";
import { DeviceSchema } from "@salvo/proto/lab_pb.ts";
import { toSalvoError } from "../../kernel/error.ts";
import { prepareDevice } from "./device.ts";

const [path = "", bytes = ""] = process.argv.slice(2);
try {
  await using _ = await prepareDevice(create(DeviceSchema, { name: "disk", path, sizeBytes: BigInt(bytes) }));
} catch (error) {
  const { kind, message, remedy, file } = toSalvoError(error);
  process.stdout.write(JSON.stringify({ kind, message, remedy, file }));
}
