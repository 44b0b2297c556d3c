/** A QEMU that does no more than QMP: it answers as QEMU 7.2 was recorded to do, for block devices and SCSI disks. */
import { createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";

type Fields = Readonly<Record<string, unknown>>;

export interface FakeQemu extends AsyncDisposable {
  readonly file: string;
  readonly nodes: Map<string, Fields>;
  readonly devices: Map<string, Fields>;
  /** Every command but those that only look. */
  readonly commands: string[];
  /** In the place of its answer to the command. */
  readonly refusals: Map<string, string>;
}

const GREETING = {
  QMP: { version: { qemu: { micro: 22, minor: 2, major: 7 }, package: "Debian" }, capabilities: ["oob"] },
};

export async function fakeQemu(
  file: string,
  { controller = "virtio-scsi-pci", greeting = JSON.stringify(GREETING) } = {},
): Promise<FakeQemu> {
  const nodes = new Map<string, Fields>();
  const devices = new Map<string, Fields>();
  const commands: string[] = [];
  const refusals = new Map<string, string>();
  const sockets = new Set<Socket>();

  function answer(command: string, args: Fields): unknown {
    const refusal = refusals.get(command);
    if (refusal !== undefined) throw new Error(refusal);
    if (/^(blockdev|device)/.test(command)) commands.push(`${command} ${String(args["id"] ?? args["node-name"])}`);
    const node = String(args["node-name"]);
    switch (command) {
      case "qmp_capabilities":
        return {};
      case "query-named-block-nodes":
        return [...nodes.values()].map(shownNode);
      case "query-block":
        return [...devices.values()].map((device) => ({
          device: "",
          qdev: device["id"],
          inserted: shownNode(nodes.get(String(device["drive"])) ?? {}),
        }));
      case "qom-list":
        return [
          { name: "type", type: "string" },
          { name: "given", type: `child<${controller}>` },
        ];
      case "blockdev-add":
        if (nodes.has(node)) throw new Error(`Duplicate nodes with node-name='${node}'`);
        nodes.set(node, args);
        return {};
      case "blockdev-del":
        if ([...devices.values()].some(({ drive }) => drive === node)) throw new Error(`Node ${node} is in use`);
        if (!nodes.delete(node)) throw new Error(`Failed to find node with node-name='${node}'`);
        return {};
      case "device_add":
        if (args["bus"] !== "given.0") throw new Error(`Bus '${String(args["bus"])}' not found`);
        if (!nodes.has(String(args["drive"]))) throw new Error("Property 'scsi-block.drive' can't find value");
        devices.set(String(args["id"]), args);
        return {};
      case "device_del":
        if (!devices.delete(String(args["id"]))) throw new Error(`Device '${String(args["id"])}' not found`);
        return {};
      default:
        throw new Error(`The command ${command} has not been found`);
    }
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    const say = (message: unknown) => socket.write(`${JSON.stringify(message)}\r\n`);
    socket.write(`${greeting}\r\n`);
    createInterface({ input: socket }).on("line", (line) => {
      const {
        execute,
        arguments: args = {},
        id,
      }: { execute: string; arguments?: Fields; id: number } = JSON.parse(line);
      try {
        say({ return: answer(execute, args), id });
        const data = { device: args["id"], path: `/machine/peripheral/${String(args["id"])}` };
        if (execute === "device_del")
          say({ timestamp: { seconds: 1, microseconds: 1 }, event: "DEVICE_DELETED", data });
      } catch (error) {
        say({ id, error: { class: "GenericError", desc: error instanceof Error ? error.message : "" } });
      }
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(file, resolve);
  await promise;
  return {
    file,
    nodes,
    devices,
    commands,
    refusals,
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      for (const socket of sockets) socket.destroy();
      await closed.promise;
    },
  };
}

function shownNode(args: Fields): Fields {
  const { "node-name": name, driver, portal, target, lun } = args;
  const file = `json:${JSON.stringify({ lun, portal, driver, transport: "tcp", target })}`;
  return {
    "node-name": name,
    drv: driver,
    file,
    image: { "virtual-size": 33_554_432, filename: file, format: driver },
  };
}
