/** The files in which iscsiadm keeps how to log in to each portal of a target. */
import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Files } from "./simulated-files.fixture.ts";

const NODES = "/etc/iscsi/nodes";
/** Those settings of the real one that somebody may care for. */
const DEFAULTS = {
  "node.name": "",
  "node.startup": "manual",
  "iface.iscsi_ifacename": "",
  "node.session.cmds_max": "128",
  "node.session.queue_depth": "32",
  "node.session.nr_sessions": "1",
  "node.session.auth.authmethod": "None",
  "node.session.timeo.replacement_timeout": "120",
};
export const SECRET_SETTINGS = ["node.session.auth.username", "node.session.auth.password"];

export type Settings = Readonly<Record<string, string>>;

export function simulateRecords(files: Files) {
  /** With what iscsid.conf says. */
  const defaults: Record<string, string> = { ...DEFAULTS };

  function fileOf(target: string, portal: string): string {
    return `${NODES}/${target}/${partsOf(portal).join(",")}`;
  }

  /** One that a discovery made is in a folder, with the number of the target's group of portals in its name. */
  function of(target: string, portal: string): string[] {
    const file = fileOf(target, portal);
    return (files.list(dirname(file)) ?? []).flatMap((entry) => {
      const path = `${dirname(file)}/${entry}`;
      if (path === file) return [path];
      return path.startsWith(`${file},`) ? (files.list(path) ?? []).map((face) => `${path}/${face}`) : [];
    });
  }

  function read(file: string): Settings {
    const lines = (files.read(file) ?? "").matchAll(/^([^#\s]+) = (.*)$/gm);
    return Object.fromEntries([...lines].map(([, name = "", value = ""]) => [name, value]));
  }

  function write(file: string, settings: Settings): void {
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
    files.put(file, `# BEGIN RECORD 2.1.8\n${lines.join("")}# END RECORD\n`);
  }

  function update(file: string, name: string, value: string): void {
    if (!(name in DEFAULTS) && !SECRET_SETTINGS.includes(name)) throw new Error(`no setting ${name}`);
    write(file, { ...read(file), [name]: value });
  }

  /** With the folders that are empty then. */
  function remove(file: string): void {
    let path = file;
    do files.remove(path);
    while ((path = dirname(path)) !== NODES && readdirSync(files.at(path)).length === 0);
  }

  return {
    defaults,
    of,
    read,
    update,
    remove,
    add: (target: string, portal: string, face: string) =>
      write(fileOf(target, portal), { ...defaults, "node.name": target, "iface.iscsi_ifacename": face }),
  };
}

/** Address and port: 10.0.0.1:3260, [fd00::1]:3260 */
export function partsOf(portal: string): string[] {
  return /^\[?(.*?)\]?:(\d+)$/.exec(portal)?.slice(1) ?? [];
}
