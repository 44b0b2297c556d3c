import { create } from "@bufbuild/protobuf";
import { type Host, HostSchema } from "@salvo/proto/agent_pb.ts";
import { cpus, hostname, release, totalmem, version } from "node:os";

/** The inventory, as far as Node knows it without starting a program. */
export function describeHost(): Host {
  const cores = cpus();
  return create(HostSchema, {
    name: hostname(),
    os: version(), // the product: "Windows Server 2019 Datacenter"
    kernel: release(), // its build: "10.0.17763"
    cpu: cores[0]?.model.trim() ?? "",
    cores: cores.length,
    memoryBytes: BigInt(totalmem()),
    // Empty would say that this is hardware, and Node cannot tell.
    virtualization: "unknown",
    nodeVersion: process.version,
  });
}
