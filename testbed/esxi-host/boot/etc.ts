/** The image of /etc: what is there before anybody changes it. */
import type { VersionFacts } from "../versions.ts";

const LOCAL_SH = `
# local configuration options

# Note: modify at your own risk!  If you do/use anything in this
# script that is not part of a stable API (relying on files to be in
# specific places, specific tools, specific output, etc) there is a
# possibility you will end up with a broken system after patching or
# upgrading.  Changes are not supported unless under direction of
# VMware support.

# Note: This script will not be run when UEFI secure boot is enabled.

exit 0
`;

export function etcImage(facts: VersionFacts, authorizedKey: string): Readonly<Record<string, string>> {
  return {
    passwd: "root:x:0:0:Administrator:/:/bin/sh\nsshd:x:74:74:sshd privsep:/run/sshd:/bin/false\n",
    group: "root:x:0:\nsshd:x:74:\ntty:x:5:\n",
    shadow: "root:*:20000:0:99999:7:::\nsshd:*:20000:0:99999:7:::\n",
    profile: "",
    "rc.local.d/local.sh": `${facts.shebang}\n${LOCAL_SH}`,
    "vmware/esx.conf": "",
    "ssh/keys-root/authorized_keys": authorizedKey,
  };
}

export function sshdConfig(port: number, path: string): string {
  return `ListenAddress 127.0.0.1
Port ${port}
HostKey /.stand-in/host-key
AuthorizedKeysFile /etc/ssh/keys-%u/authorized_keys
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
SetEnv PATH=${path}
MaxSessions 4
MaxStartups 2:100:4
Subsystem sftp /usr/lib/vmware/openssh/bin/sftp-server
PidFile none
PrintMotd no
UseDNS no
`;
}
