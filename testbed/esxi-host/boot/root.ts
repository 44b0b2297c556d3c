/** The folder of a host: its root, the image of /etc, its state. */
import { chmod, copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "@salvo/shared/process/run.ts";
import { PROGRAM_NAMES } from "../programs/programs.ts";
import { LOCAL_UUID, LOCAL_VOLUME, type VmOption } from "../state/initial.ts";
import type { HostState } from "../state/state.ts";
import { writeState } from "../state/store.ts";
import { FACTS } from "../versions.ts";
import { descriptor } from "../world/vmdk.ts";
import { vmxText } from "../world/vmx.ts";
import { RUN } from "./calls.ts";
import { etcImage } from "./etc.ts";
import { shellScripts } from "./scripts.ts";

/** Applets that the shell of 8.0 U3 has in /bin. Whatever is not here is `not found`, as there. */
const APPLETS =
  "sh ash awk basename cat chmod chown cksum clear cp cut date dd df diff dirname du echo egrep env expr false fgrep find grep gunzip gzip head hexdump hostname id kill less ln ls md5sum mkdir mkfifo mknod mktemp more mv nohup od printf ps pwd readlink rm rmdir sed seq sha1sum sha256sum sleep sort stat stty sum sync tail tar tee test time timeout touch true uniq usleep vi wc which xargs zcat [";

/** Where real hosts have what is not in /bin. */
const IN_SBIN = new Set(["reboot", "halt", "poweroff", "auto-backup.sh"]);

export interface HostFolder {
  readonly folder: string;
  /** The private key that root logs in with. */
  readonly keyFile: string;
}

export async function makeHostFolder(
  folder: string,
  state: HostState,
  { shell, vms }: { readonly shell: string; readonly vms: readonly VmOption[] },
): Promise<HostFolder> {
  const root = join(folder, "root");
  const folders = [
    "bin",
    "sbin",
    "etc",
    "tmp",
    "var",
    "proc",
    "dev",
    "run/sshd",
    "bootbank",
    ".stand-in/volumes",
    ".stand-in/calls",
    "usr/lib/vmware/bin",
  ];
  for (const each of [...folders, "vmfs/devices/disks", "vmfs/volumes"])
    await mkdir(join(root, each), { recursive: true });
  await mkdir(join(folder, "state"));
  await copyFile(shell, join(root, "bin/busybox"));
  await chmod(join(root, "bin/busybox"), 0o755);
  for (const applet of APPLETS.split(" ")) await symlink("busybox", join(root, "bin", applet));
  await makePrograms(root, state);
  await makeVolumes(root);
  for (const vm of vms) await makeVm(join(root, ".stand-in/volumes", LOCAL_UUID, vm.name), vm, state);

  const keyFile = join(folder, "root-key");
  await makeKey(keyFile, "root");
  await makeKey(join(root, ".stand-in/host-key"), state.hostName);
  const { stdout: authorizedKey } = await run("cat", [`${keyFile}.pub`]);
  for (const [name, content] of Object.entries(etcImage(FACTS[state.version], authorizedKey)))
    await put(join(folder, "etc-image", name), content, name.endsWith(".sh") ? 0o755 : 0o644);
  await put(join(folder, "hostname"), state.hostName);
  await put(join(folder, "etc-size"), "28m");
  if (state.settings.secureBoot) await put(join(root, ".stand-in/secure-boot"), "");
  writeState(join(folder, "state"), state);
  return { folder, keyFile };
}

export async function makeKey(file: string, comment: string): Promise<void> {
  const { exitCode, stderr } = await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file]);
  if (exitCode !== 0) throw new Error(`ssh-keygen could not make ${file}: ${stderr}`);
}

async function makePrograms(root: string, state: HostState): Promise<void> {
  await put(join(root, ".stand-in/run"), RUN, 0o755);
  await copyFile(join(import.meta.dirname, "init.sh"), join(root, ".stand-in/init"));
  for (const name of PROGRAM_NAMES)
    await put(
      join(root, IN_SBIN.has(name) ? "sbin" : "bin", name),
      `#!/bin/sh\nexec /.stand-in/run ${name} "$@"\n`,
      0o755,
    );
  for (const [path, script] of Object.entries(shellScripts(state))) await put(join(root, path), script, 0o755);
}

async function makeVolumes(root: string): Promise<void> {
  await mkdir(join(root, ".stand-in/volumes", LOCAL_UUID));
  await symlink(`/.stand-in/volumes/${LOCAL_UUID}`, join(root, "vmfs/volumes", LOCAL_UUID));
  await symlink(LOCAL_UUID, join(root, "vmfs/volumes", LOCAL_VOLUME));
  await mkdir(join(root, ".stand-in/volumes", LOCAL_UUID, ".locker"));
  await symlink(`/vmfs/volumes/${LOCAL_UUID}/.locker`, join(root, "scratch"));
}

const VM_DISK_BYTES = 17_179_869_184;

async function makeVm(folder: string, { name, annotation = "" }: VmOption, state: HostState): Promise<void> {
  const vmx = new Map([
    [".encoding", "UTF-8"],
    ["config.version", "8"],
    ["virtualHW.version", String(FACTS[state.version].hardwareVersion)],
    ["displayName", name],
    ["annotation", annotation],
    ["guestOS", "debian12-64"],
    ["numvcpus", "8"],
    ["memSize", "8192"],
    ["disk.EnableUUID", "TRUE"],
    ["scsi0.present", "TRUE"],
    ["scsi0.virtualDev", "pvscsi"],
    ["scsi0:0.present", "TRUE"],
    ["scsi0:0.deviceType", "scsi-hardDisk"],
    ["scsi0:0.fileName", `${name}.vmdk`],
  ]);
  await put(join(folder, `${name}.vmx`), vmxText(vmx));
  await put(join(folder, `${name}.vmdk`), descriptor(`${name}-flat.vmdk`, { kind: "thin", sizeBytes: VM_DISK_BYTES }));
  await put(join(folder, `${name}-flat.vmdk`), "");
}

async function put(path: string, content: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  await chmod(path, mode);
}
