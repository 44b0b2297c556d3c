/**
 * As little of an ESXi host as shows what the bridge does: a real sshd, and programs in its /bin that ask this process over pipes. It
 * is written for the tests of this package alone, and is no stand-in for a host.
 */
import { create } from "@bufbuild/protobuf";
import { type AgentConfig, AgentConfigSchema } from "@salvo/proto/lab_pb.ts";
import { type Sshd, startSshd } from "@salvo/shared/ssh/sshd.fixture.ts";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { partedUtil, vimCmd, vmkfstools } from "./fake-disks.fixture.ts";
import { esxcli } from "./fake-esxcli.fixture.ts";
import type { Answered, FakeState } from "./fake-state.fixture.ts";

export interface FakeEsxi extends AsyncDisposable {
  readonly config: AgentConfig;
  readonly sshd: Sshd;
  /** What its / is, from here. */
  readonly root: string;
  /** As it is now. */
  state(): FakeState;
  change(how: (state: FakeState) => void): void;
  /** Commands since the last call, without those that only ask. */
  changes(): string[];
}

type Program = (args: readonly string[], state: FakeState, root: string) => Answered;
const PROGRAMS: Readonly<Record<string, Program>> = {
  esxcli,
  "vim-cmd": vimCmd,
  vmkfstools,
  partedUtil,
  vmkping,
  hostname: () => ({ text: "esx1\n" }),
  "auto-backup.sh": () => ({ text: "", changed: true }),
};

/** Asks by a pipe that all programs share, and is answered by one of its own. 037 stands between arguments, 036 after the last. */
const CLIENT = `#!/bin/sh
answer=/tmp/answer.$$
mkfifo $answer
exec 3<>$answer
words=$answer\u001f\${0##*/}
for word in "$@"; do words=$words\u001f$word; done
printf '%s\u001e' "$words" >/tmp/requests
read -r code bytes <&3
[ $bytes = 0 ] || head -c $bytes <&3
exit $code
`;

export async function startFakeEsxi(dataDir: string): Promise<FakeEsxi> {
  const undo = new AsyncDisposableStack();
  const sshd = undo.use(await startSshd({ config: ["MaxSessions 4", "MaxStartups 2:100:4"] }));
  const { root, target } = sshd;
  for (const name of Object.keys(PROGRAMS))
    writeFileSync(join(root, name.endsWith(".sh") ? "sbin" : "bin", name), CLIENT, { mode: 0o755 });
  mkdirSync(join(root, "etc/rc.local.d"));
  copyFileSync(join(import.meta.dirname, "read/fixtures/localsh-6.txt"), join(root, "etc/rc.local.d/local.sh"));

  mkdirSync(join(root, "vmfs/volumes/datastore1/vm1"), { recursive: true });
  writeFileSync(join(root, "vmfs/volumes/datastore1/vm1/vm1.vmx"), VMX);
  mkdirSync(join(root, "vmfs/devices/disks"), { recursive: true });

  const state = initialState();
  let changes: string[] = [];
  undo.use(
    await serveRequests(root, ([name = "", ...args]) => {
      const answered = PROGRAMS[name]?.(args, state, root) ?? { text: "", code: 127 };
      if (answered.changed) changes.push([name, ...args].join(" "));
      return answered;
    }),
  );
  const { host, port, user, hostKey, keyFile = "" } = target;
  return {
    sshd,
    root,
    config: create(AgentConfigSchema, { id: "esx1", dataDir, esxi: { host, port, user, hostKey, keyFile } }),
    state: () => structuredClone(state),
    change: (how) => how(state),
    changes() {
      const told = changes;
      changes = [];
      return told;
    },
    [Symbol.asyncDispose]: () => undo.disposeAsync(),
  };
}

async function serveRequests(root: string, answer: (words: readonly string[]) => Answered): Promise<AsyncDisposable> {
  const file = join(root, "tmp/requests");
  execFileSync("mkfifo", [file]);
  // For both, so that it does not end when a program has written.
  const pipe = await open(file, "r+");
  const requests = pipe.createReadStream({ encoding: "utf8" });
  const serving = (async () => {
    let rest = "";
    for await (const chunk of requests) {
      const pieces = (rest + String(chunk)).split("\u001e");
      rest = pieces.pop() ?? "";
      for (const piece of pieces) {
        const [place = "", ...words] = piece.split("\u001f");
        const { text, code = 0 } = answer(words);
        const pipeOfProgram = join(root, place);
        // The program holds it open. One that was ended has gone.
        writeFile(pipeOfProgram, `${code} ${Buffer.byteLength(text)}\n${text}`, { flag: "r+" })
          .then(() => rm(pipeOfProgram, { force: true }))
          .catch(() => {});
      }
    }
  })();
  serving.catch(() => {}); // it ends with the stream
  return {
    async [Symbol.asyncDispose]() {
      requests.destroy();
      // A read that waits for somebody who writes is let go of by one.
      await writeFile(file, "\u001e", { flag: "r+" });
      await serving.catch(() => {});
      await pipe.close().catch(() => {});
    },
  };
}

function initialState(): FakeState {
  return {
    formats: ["json", "text"],
    bootedAt: Date.now() - 3_600_000,
    missing: [],
    faults: {},
    switches: { vSwitch0: { mtu: 1500, uplinks: ["vmnic0"] } },
    portGroups: { "Management Network": { switch: "vSwitch0", vlan: 0 } },
    rdma: { vmrdma0: "vmnic2", vmrdma1: "vmnic3" },
    networkMtu: 9000,
    adapters: {},
    targets: {},
    sessions: [],
    devices: {},
    datastores: { datastore1: "mpx.vmhba0:C0:T0:L0" },
    tables: {},
    depthMax: 128,
    ports: { vmk0: { portGroup: "Management Network", mtu: 1500, address: "10.0.0.2", netmask: "255.255.255.0" } },
  };
}

const VMX = `disk.EnableUUID = "TRUE"
scsi0.present = "TRUE"
scsi0.virtualDev = "lsilogic"
scsi0:0.fileName = "vm1.vmdk"
scsi1.present = "TRUE"
scsi1.virtualDev = "pvscsi"
`;

/** -d -s BYTES -I PORT ADDRESS */
function vmkping([, , bytes, , port = ""]: readonly string[], { ports, networkMtu }: FakeState): Answered {
  const found = ports[port];
  if (!found) return { text: `Unknown interface '${port}': Invalid argument\n`, code: 1 };
  const size = Number(bytes) + 28;
  const came = size <= found.mtu && size <= networkMtu ? 3 : 0;
  const lines = [
    ...(size > found.mtu ? ["sendto() failed (Message too long)"] : []),
    `3 packets transmitted, ${came} packets received, ${came === 0 ? 100 : 0}% packet loss`,
  ];
  return { text: `${lines.join("\n")}\n`, code: came === 0 ? 1 : 0 };
}
