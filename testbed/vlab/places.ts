import { join } from "node:path";

export interface GuestPlaces {
  readonly home: string;
  /** What the guest alone sees, and may write to. */
  readonly share: string;
  /** In it: with which its agent joins. */
  readonly token: string;
  readonly disk: string;
  readonly console: string;
  /** The socket of a shell in it. */
  readonly shell: string;
  readonly pidFile: string;
  /** Where QEMU takes commands from the lab's hypervisor. */
  readonly qmp: string;
}

/** Where in a virtual lab's folder a guest's files are. */
export function guestPlaces(folder: string, id: string): GuestPlaces {
  const home = join(folder, "guests", id);
  return {
    home,
    share: join(home, "share"),
    token: join(home, "share", "token"),
    disk: join(home, "disk.img"),
    console: join(home, "console.log"),
    shell: join(home, "shell"),
    pidFile: join(home, "qemu.pid"),
    qmp: join(home, "qmp"),
  };
}

/** The program that all guests run. */
export function agentPlace(folder: string): string {
  return join(folder, "guests", ".agent");
}
