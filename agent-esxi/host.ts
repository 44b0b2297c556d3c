import { create } from "@bufbuild/protobuf";
import { type Host, HostSchema } from "@salvo/proto/agent_pb.ts";
import type { Esxi } from "./esxi.ts";
import { fieldsOf, onlyFields } from "./read/answer.ts";

/** The inventory of the ESXi host, not of the one that the agent runs on. */
export async function describeHost(esxi: Esxi): Promise<Host> {
  const version = onlyFields(await esxi.ask(["system", "version", "get"]));
  const { stdout: name } = await esxi.run(["hostname"]);
  const memory = onlyFields(await esxi.ask(["hardware", "memory", "get"]));
  const cores = fieldsOf(await esxi.list(["hardware", "cpu", "list"]));
  return create(HostSchema, {
    name: name.trim(),
    os: `${version.text("Product")} ${version.text("Version")}`,
    kernel: version.text("Build"),
    cpu: cores[0]?.textIfAny("Brand") ?? "",
    cores: cores.length,
    // "240470433792 Bytes" in text, a number in other formats.
    memoryBytes: BigInt(/^\d+/.exec(memory.text("Physical Memory"))?.[0] ?? "0"),
    virtualization: "",
    nodeVersion: process.version,
  });
}
