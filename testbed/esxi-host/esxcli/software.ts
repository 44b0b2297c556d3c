/** The namespace `software`. Sources: captures of 6.5, 6.7 and 8.x. */
import { existsSync, readFileSync } from "node:fs";
import { CommandFailure } from "../failure.ts";
import { type Field, type Output, table } from "../format/output.ts";
import { modulesFor } from "../state/defaults.ts";
import type { HostState } from "../state/state.ts";
import type { VersionFacts, Vib } from "../versions.ts";
import { type BundledVib, readBundle, vibId } from "../world/bundle.ts";
import { type Call, type Command, type Option, requiredStr, str } from "./command.ts";

const INSTALL_OPTIONS: readonly Option[] = [
  str(
    "depot",
    "d",
    "Specifies full remote URLs of the depot index.xml or server file path pointing to an offline bundle .zip file.",
  ),
  str("viburl", "v", "Specifies one or more URLs to VIB packages to install."),
  {
    name: "force",
    short: "f",
    type: "flag",
    help: "Bypasses checks for package dependencies, conflicts, obsolescence, and acceptance levels.",
  },
  { name: "no-sig-check", type: "flag", help: "Bypasses acceptance level verification, including signing." },
  { name: "maintenance-mode", type: "flag", help: "Pretends that maintenance mode is in effect." },
  { name: "dry-run", type: "flag", help: "Performs a dry-run only." },
  {
    name: "no-live-install",
    type: "flag",
    help: "Forces an install to /altbootbank even if the VIBs are eligible for live installation.",
  },
];

const REBOOT =
  "The update completed successfully, but the system needs to be rebooted for the changes to be effective.";
const FINE = "Operation finished successfully.";

export const softwareCommands: readonly Command[] = [
  {
    path: "software vib list",
    help: "Lists the installed VIB packages",
    options: [
      {
        name: "rebooting-image",
        type: "flag",
        help: "Displays information for the ESXi image which becomes active after a reboot, or nothing if the pending-reboot image has not been created yet.",
      },
    ],
    run: ({ state, options }) =>
      table(
        "VIB",
        ["Name", "Version", "Vendor", "Acceptance Level", "Install Date"],
        (options.has("rebooting-image") ? (state.pendingVibs ?? []) : state.vibs).map(
          ({ name, version, vendor, acceptance, installed }) => [name, version, vendor, acceptance, installed],
        ),
      ),
  },
  ...["install", "update"].map((word): Command => ({
    path: `software vib ${word}`,
    help: word === "install" ? "Installs VIB packages from a URL or depot." : "Update installed VIBs to newer VIBs.",
    options: INSTALL_OPTIONS,
    run: install,
  })),
  {
    path: "software vib remove",
    help: "Removes VIB packages from the host.",
    options: [
      requiredStr("vibname", "n", "Specifies one or more VIBs to remove from the host."),
      { name: "force", short: "f", type: "flag", help: "Bypasses checks." },
    ],
    run: ({ state, facts, options }) => {
      const name = options.text("vibname");
      const after = (state.pendingVibs ?? state.vibs).filter((vib) => vib.name !== name);
      const gone = state.vibs.find((vib) => vib.name === name);
      if (gone === undefined)
        throw new CommandFailure(
          ` [NoMatchError]\n No VIB matching VIB search specification '${name}'.\n Please refer to the log file for more details.`,
        );
      state.pendingVibs = after;
      return result("Removal Result", facts, {
        message: REBOOT,
        reboot: true,
        installed: [],
        removed: [gone],
        skipped: [],
      });
    },
  },
  {
    path: "software acceptance get",
    help: "Gets the host acceptance level.",
    options: [],
    run: () => ({ kind: "value", value: "PartnerSupported" }),
  },
  {
    path: "software profile get",
    help: "Display the installed image profile.",
    options: [],
    run: ({ state, facts }) => {
      const name = `ESXi-${facts.version}-${facts.build.replace("Releasebuild-", "")}-standard`;
      return {
        kind: "structure",
        type: "ImageProfile",
        title: `(Updated) ${name}`,
        fields: [
          ["Name", `(Updated) ${name}`],
          ["Vendor", "VMware, Inc."],
          ["Acceptance Level", "PartnerSupported"],
          ["Stateless Ready", false],
          ["VIBs", state.vibs.map(({ name, version }) => `${name} ${version}`)],
        ],
      };
    },
  },
];

function install({ state, facts, options, nowMs }: Call): Output {
  const where = options.optional("depot") ?? options.optional("viburl");
  if (where === undefined) throw new CommandFailure("Error: Missing required parameter -d|--depot or -v|--viburl");
  const bundle = readFrom(where, new Date(nowMs).toISOString().slice(0, 10));
  const fresh = bundle.filter((vib) => !state.vibs.some((each) => vibId(each) === vibId(vib)));
  const skipped = bundle.filter((vib) => !fresh.includes(vib));
  const refused = fresh.find(({ acceptance }) => acceptance === "CommunitySupported");
  if (refused !== undefined && !options.has("force") && !options.has("no-sig-check"))
    throw new CommandFailure(
      ` [AcceptanceConfigError]\n VIB ${vibId(refused)}'s acceptance level is community, which is not compliant with the ImageProfile acceptance level partner\n To change the host acceptance level, use the 'esxcli software acceptance set' command.\n Please refer to the log file for more details.`,
    );
  const reboot = fresh.some(({ needsReboot }) => needsReboot);
  if (reboot && !state.maintenanceMode && !options.has("maintenance-mode") && !options.has("dry-run"))
    throw new CommandFailure(
      ` [MaintenanceModeError]\n MaintenanceMode is required to remove: []; install: [${fresh.map(vibId).join(", ")}].\n Please refer to the log file for more details.`,
    );
  const removed = state.vibs.filter(({ name }) => fresh.some((vib) => vib.name === name));
  if (!options.has("dry-run")) putIn(state, fresh, reboot);
  return result("Installation Result", facts, {
    message: reboot ? REBOOT : FINE,
    reboot,
    installed: fresh,
    removed,
    skipped,
  });
}

/** A relative path does not work, even from the folder of the file. */
function readFrom(where: string, today: string): BundledVib[] {
  const path = where.replace(/^file:\/\//, "");
  const found = path.startsWith("/") && existsSync(path) ? readBundle(readFileSync(path, "utf8"), today) : undefined;
  if (found !== undefined) return found;
  const url = path.startsWith("/") ? path : `/var/log/vmware/${path}`;
  throw new CommandFailure(
    existsSync(path) && path.startsWith("/")
      ? ` [MetadataDownloadError]\n Could not download from depot at zip:${url}?index.xml, skipping (('zip:${url}?index.xml', '', "Error extracting index.xml from ${url}: File is not a zip file"))\n        url = zip:${url}?index.xml\n Please refer to the log file for more details.`
      : ` [MetadataDownloadError]\n Could not download from depot at zip:${url}?index.xml, skipping (('zip:${url}?index.xml', '', "Error extracting index.xml from ${url}: [Errno 2] No such file or directory: '${url}'"))\n        url = zip:${url}?index.xml\n Please refer to the log file for more details.`,
  );
}

function putIn(state: HostState, fresh: readonly BundledVib[], reboot: boolean): void {
  const plain = fresh.map((bundled): Vib => {
    const { needsReboot: _, ...vib } = bundled;
    return vib;
  });
  const after = [
    ...(state.pendingVibs ?? state.vibs).filter(({ name }) => !plain.some((vib) => vib.name === name)),
    ...plain,
  ];
  if (reboot) state.pendingVibs = after;
  else {
    state.vibs = after;
    const known = new Set(state.modules.map(({ name }) => name));
    state.modules.push(...modulesFor(plain).filter(({ name }) => !known.has(name)));
  }
}

interface Result {
  readonly message: string;
  readonly reboot: boolean;
  readonly installed: readonly Vib[];
  readonly removed: readonly Vib[];
  readonly skipped: readonly Vib[];
}

/** 8.x prints another order, and a line more. */
function result(title: string, facts: VersionFacts, { message, reboot, installed, removed, skipped }: Result): Output {
  const lists: Field[] = [
    ["VIBs Installed", installed.map(vibId)],
    ["VIBs Removed", removed.map(vibId)],
    ["VIBs Skipped", skipped.map(vibId)],
  ];
  const required: Field = ["Reboot Required", reboot];
  const fields: Field[] = facts.rebootRequiredLast
    ? [["Message", message], ...lists, required, ["DPU Results", ""]]
    : [["Message", message], required, ...lists];
  return { kind: "structure", type: "InstallationResult", title, fields };
}
