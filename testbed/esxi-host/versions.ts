/** What the four versions of ESXi offer and print differently, as data. */

export const VERSIONS = ["6.5", "7.0", "8.0", "9.0"] as const;
export type Version = (typeof VERSIONS)[number];

export interface Vib {
  readonly name: string;
  readonly version: string;
  readonly vendor: string;
  readonly acceptance: string;
  /** YYYY-MM-DD. */
  readonly installed: string;
}

export interface VersionFacts {
  readonly version: string;
  readonly build: string;
  readonly update: string;
  readonly patch: string;
  /** 9.0 prints a line more in `system version get`. */
  readonly maintenance?: string;
  /** Dashes below the last column of a table; see format/text.ts. */
  readonly lastDashes: "heading" | "longest";
  /** undefined: esxcli refuses the formatter. Nobody has shown it on 6.5. */
  readonly json?: "array" | "object";
  /** 9.0 adds `URPF` to the interfaces. */
  readonly urpf: boolean;
  /** The first line of /etc/rc.local.d/local.sh. */
  readonly shebang: string;
  /** Drivers that the installer brings. */
  readonly inBox: readonly Vib[];
  /** How iSER is enabled by default: `esxcli rdma iser add`, or the load of its module. */
  readonly iserBy: "command" | "module";
  /** 8.0.2 still has the deprecated `rdma iser params set`. */
  readonly iserParams: boolean;
  /** 8.x prints `Reboot Required` after the lists of VIBs, and a line about DPUs. */
  readonly rebootRequiredLast: boolean;
  /** 8.x archives only files of /etc that were part of the image and edited in place. */
  readonly keepsOnlyMarkedFiles: boolean;
  /** 8.x tells of host activity when it makes a file system. */
  readonly scansForHostActivity: boolean;
  readonly schedulerOption: boolean;
  readonly hardwareVersion: number;
  /** Port numbers of a new standard switch. */
  readonly numPorts: number;
}

const INSTALLED = "2026-01-12";

function vib(name: string, version: string, vendor = "VMW"): Vib {
  return { name, version, vendor, acceptance: "VMwareCertified", installed: INSTALLED };
}

const BOOT_GROUP = "#!/bin/sh ++group=host/vim/vmvisor/boot";

const V7: VersionFacts = {
  version: "7.0.3",
  build: "Releasebuild-21930508",
  update: "3",
  patch: "105",
  lastDashes: "longest",
  json: "array",
  urpf: false,
  shebang: BOOT_GROUP,
  inBox: [
    vib("esx-base", "7.0.3-0.105.21930508", "VMware"),
    vib("iser", "1.1.0.1-1vmw.703.0.50.20036589"),
    vib("nmlx5-core", "4.19.16.11-1vmw.703.0.20.19193900"),
    vib("nmlx5-rdma", "4.19.16.11-1vmw.703.0.20.19193900"),
  ],
  iserBy: "command",
  iserParams: true,
  rebootRequiredLast: false,
  keepsOnlyMarkedFiles: false,
  scansForHostActivity: false,
  schedulerOption: false,
  hardwareVersion: 19,
  numPorts: 2560,
};

export const FACTS: Readonly<Record<Version, VersionFacts>> = {
  "6.5": {
    ...omitJson(V7),
    version: "6.5.0",
    build: "Releasebuild-6765664",
    update: "1",
    patch: "36",
    shebang: "#!/bin/sh",
    inBox: [vib("esx-base", "6.5.0-1.36.6765664", "VMware"), vib("nmlx5-core", "4.16.0.0-1vmw.650.0.0.4564106")],
    iserBy: "module",
    iserParams: false,
    schedulerOption: true,
    hardwareVersion: 13,
    numPorts: 2816,
  },
  "7.0": V7,
  "8.0": {
    ...V7,
    version: "8.0.3",
    build: "Releasebuild-24677879",
    patch: "55",
    lastDashes: "heading",
    json: "object",
    inBox: [
      vib("esx-base", "8.0.3-0.55.24677879", "VMware"),
      vib("iser", "1.1.0.2-1vmw.803.0.0.24022510"),
      vib("nmlx5-core", "4.23.6.2-15vmw.803.0.0.24022510"),
      vib("nmlx5-rdma", "4.23.6.2-15vmw.803.0.0.24022510"),
    ],
    rebootRequiredLast: true,
    keepsOnlyMarkedFiles: true,
    scansForHostActivity: true,
    hardwareVersion: 21,
  },
  "9.0": {
    ...V7,
    version: "9.0.0",
    build: "Releasebuild-24755229",
    update: "0",
    patch: "0",
    maintenance: "0",
    lastDashes: "heading",
    json: "object",
    urpf: true,
    inBox: [
      vib("esx-base", "9.0.0-0.24755229", "VMware"),
      vib("iser", "1.1.0.2-1vmw.900.0.24755229"),
      vib("nmlx5-core", "4.24.0.7-1vmw.900.0.24755229"),
      vib("nmlx5-rdma", "4.24.0.7-1vmw.900.0.24755229"),
    ],
    iserParams: false,
    rebootRequiredLast: true,
    keepsOnlyMarkedFiles: true,
    scansForHostActivity: true,
    hardwareVersion: 22,
  },
};

function omitJson(facts: VersionFacts): VersionFacts {
  const { json: _, ...rest } = facts;
  return rest;
}
