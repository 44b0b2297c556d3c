import type { MessageInitShape } from "@bufbuild/protobuf";
import type { LinkSchema, RdmaDeviceSchema } from "@salvo/proto/path_pb.ts";
import type { networkInterfaces } from "node:os";
import type { Host } from "../provision/host.ts";

type Link = MessageInitShape<typeof LinkSchema>;
type RdmaDevice = MessageInitShape<typeof RdmaDeviceSchema>;
type Interfaces = ReturnType<typeof networkInterfaces>;

const RDMA = "/sys/class/infiniband";

/** An address that no link has is left out. */
export function linksWith(addresses: readonly string[], interfaces: Interfaces, host: Host): Link[] {
  const devices = rdmaDevices(host);
  return addresses.flatMap((address) => {
    const [name] = Object.entries(interfaces).find(([, own]) => own?.some((each) => each.address === address)) ?? [];
    if (name === undefined) return [];
    const read = (file: string) => host.read(`/sys/class/net/${name}/${file}`) ?? "";
    return [
      {
        address,
        name,
        mtu: Number(read("mtu")),
        state: read("operstate"),
        // A link that does not know has -1, or does not answer.
        speedMbps: Math.max(0, Number(host.read(`/sys/class/net/${name}/speed`) ?? 0)),
        rdma: devices.filter(({ netdev }) => netdev === name).map(({ device }) => device),
      },
    ];
  });
}

/** Every port of every device, with the link that it is on: Documentation/ABI/stable/sysfs-class-infiniband. */
function rdmaDevices(host: Host): { readonly netdev: string; readonly device: RdmaDevice }[] {
  return (host.list(RDMA) ?? []).flatMap((name) =>
    (host.list(`${RDMA}/${name}/ports`) ?? []).map((port) => {
      const at = `${RDMA}/${name}/ports/${port}`;
      const read = (file: string) => host.read(`${at}/${file}`) ?? "";
      // "4: ACTIVE"
      const word = (file: string) => read(file).replace(/^\d+:\s*/, "");
      return {
        netdev: host.read(`${at}/gid_attrs/ndevs/0`) ?? "",
        device: {
          name,
          port: Number(port),
          state: word("state"),
          physicalState: word("phys_state"),
          rate: read("rate"),
          linkLayer: read("link_layer").toLowerCase(),
        },
      };
    }),
  );
}
