/** NVMe over fabrics of Linux 6.1: what is written to /dev/nvme-fabrics, and what /sys shows then (drivers/nvme/host). */
import type { Files } from "./simulated-files.fixture.ts";
import type { Network } from "./simulated-network.fixture.ts";

const SUBSYSTEMS = "/sys/devices/virtual/nvme-subsystem";

interface Controller {
  readonly name: string;
  readonly nqn: string;
  readonly portal: string;
}

export function simulateFabrics(files: Files, network: Network) {
  let controllers: Controller[] = [];
  let count = 0;

  function connect(line: string): void {
    const options: Readonly<Partial<Record<string, string>>> = Object.fromEntries(
      line.split(",").map((option) => option.split("=")),
    );
    const { transport = "", traddr = "", trsvcid = "", nqn = "" } = options;
    const portal = traddr.includes(":") ? `[${traddr}]:${trsvcid}` : `${traddr}:${trsvcid}`;
    if (!files.isThere(`/sys/module/nvme_${transport}`)) throw no("EINVAL");
    const remote = network.reached(portal, transport).find(({ name }) => name === nqn);
    if (!remote || options["hostnqn"] !== files.read("/etc/nvme/hostnqn")) throw no("ECONNREFUSED");
    const others = controllers.filter((each) => each.nqn === nqn);
    if (!("duplicate_connect" in options) && others.some((each) => each.portal === portal)) throw no("EALREADY");
    if (others.length >= (remote.sessionsMax ?? Infinity)) throw no("EIO");

    const name = `nvme${count++}`;
    const path = `/sys/devices/virtual/nvme-fabrics/ctl/${name}`;
    files.putValues(path, {
      transport,
      address: `traddr=${traddr},trsvcid=${trsvcid},src_addr=10.0.0.2`,
      state: "live",
      subsysnqn: nqn,
      sqsize: Number(options["queue_size"] ?? 128) - 1,
      ctrl_loss_tmo: options["ctrl_loss_tmo"] ?? 600,
      reconnect_delay: options["reconnect_delay"] ?? 10,
      delete_controller: "",
    });
    files.link(`/sys/class/nvme/${name}`, path);
    // It is called after the first of its controllers.
    const subsystem = subsystemOf(nqn) ?? `${SUBSYSTEMS}/nvme-subsys${name.slice("nvme".length)}`;
    controllers.push({ name, nqn, portal });
    files.link(`${subsystem}/${name}`, path);
    files.putValues(subsystem, { subsysnqn: nqn, serial: remote.serial ?? "" });
    network.later(() => findNamespaces(nqn));
  }

  function subsystemOf(nqn: string): string | undefined {
    const paths = (files.list(SUBSYSTEMS) ?? []).map((name) => `${SUBSYSTEMS}/${name}`);
    return paths.find((path) => files.read(`${path}/subsysnqn`) === nqn);
  }

  function findNamespaces(nqn: string): void {
    const subsystem = subsystemOf(nqn);
    if (subsystem === undefined) return;
    for (const { number, wwn, sizeBytes } of network.find(nqn)?.luns ?? []) {
      const own = Number(subsystem.slice(`${SUBSYSTEMS}/nvme-subsys`.length));
      const name = `nvme${own}n${number}`;
      if (files.isThere(`${subsystem}/${name}`)) continue;
      files.addDisk(`${subsystem}/${name}`, `259:${16 * own + number}`, sizeBytes, { nsid: String(number), wwid: wwn });
      files.link(`${subsystem}/${name}/device`, subsystem);
    }
  }

  function disconnect(name: string): void {
    const gone = controllers.find((each) => each.name === name);
    const subsystem = gone && subsystemOf(gone.nqn);
    if (!gone || subsystem === undefined) throw no("ENOENT");
    controllers = controllers.filter((each) => each !== gone);
    for (const folder of ["/sys/class/nvme", "/sys/devices/virtual/nvme-fabrics/ctl", subsystem])
      files.remove(`${folder}/${name}`);
    if (controllers.some(({ nqn }) => nqn === gone.nqn)) return;
    for (const disk of files.list(subsystem) ?? [])
      if (/^nvme\d+n\d+$/.test(disk)) files.removeDisk(`${subsystem}/${disk}`);
    files.remove(subsystem);
  }

  return {
    write(path: string, text: string): void {
      const [, controller] = /^\/sys\/class\/nvme\/(nvme\d+)\/delete_controller$/.exec(path) ?? [];
      if (path === "/dev/nvme-fabrics") connect(text);
      else if (controller !== undefined && text === "1") disconnect(controller);
      else throw no("ENOENT");
    },
    reset: () => void ([controllers, count] = [[], 0]),
  };
}

function no(errno: string): Error {
  return Object.assign(new Error(errno), { code: errno });
}
