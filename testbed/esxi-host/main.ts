/** Starts a stand-in of an ESXi host for a person: node testbed/esxi-host/main.ts [VERSION]. Ctrl-C ends it. */
import { once } from "node:events";
import { startEsxiHost } from "./start.ts";
import { VERSIONS } from "./versions.ts";

const wanted = process.argv[2] ?? "8.0";
const version = VERSIONS.find((each) => each === wanted);
if (version === undefined) {
  process.stderr.write(`there is no stand-in of ESXi ${wanted}. Give one of ${VERSIONS.join(", ")}\n`);
  process.exit(2);
}
const left = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
const host = await startEsxiHost({
  version,
  settings: { vimCmdMs: 1000, rebootMs: 5000 },
  targets: [
    {
      iqn: "iqn.2008-08.com.starwindsoftware:sim-t1",
      portals: ["10.10.1.2:3260"],
      iser: true,
      tpgt: 1,
      luns: [
        {
          lun: 0,
          id: "eui.4fd45ffe08926d1b",
          vendor: "STARWIND",
          model: "STARWIND",
          revision: "1",
          sizeBytes: 34_359_738_368,
        },
      ],
    },
  ],
  neighbours: [{ address: "10.10.1.2", mtu: 9000, vlan: 0 }],
  vms: [{ name: "template" }],
});
process.stdout.write(`ESXi ${version} simulated. Its target answers at 10.10.1.2:3260.
host key  ${host.hostKey}
state     ${host.folder}/state/state.json
log in    ssh -i ${host.keyFile} -p ${host.port} root@127.0.0.1
`);
await left;
await host[Symbol.asyncDispose]();
