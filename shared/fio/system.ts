/** What differs in a job file between the systems that fio runs on. */
import { Engine } from "@salvo/proto/workload_pb.ts";

export interface FioSystem {
  /** For people. */
  readonly name: string;
  /** fio's names. An engine that the system does not have is not here. */
  readonly engines: Readonly<Partial<Record<Engine, string>>>;
  /** Whether a job file can hold the path, which must be absolute. */
  holds(path: string): boolean;
  /** What a path must be, for a person to correct it. */
  readonly pathRule: string;
  /** Stands for the path of a raw disk, where it is not known yet. */
  readonly someDisk: string;
}

export const LINUX: FioSystem = {
  name: "Linux",
  engines: {
    [Engine.LIBAIO]: "libaio",
    [Engine.IO_URING]: "io_uring",
    [Engine.PSYNC]: "psync",
    [Engine.NULL]: "null",
  },
  someDisk: "/dev/disk",
  holds: (path) => /^\/[^"'`$\\;\p{Cc}]*$/u.test(path) && path === path.trimEnd(),
  pathRule: "Use an absolute path without quotes, backslashes, `$`, `;`, control characters and space at its end",
};

/** fio's own asynchronous engine there is windowsaio: it stands for `libaio`, so that one study fits hosts of both systems. */
export const WINDOWS: FioSystem = {
  name: "Windows",
  engines: { [Engine.LIBAIO]: "windowsaio", [Engine.PSYNC]: "psync", [Engine.NULL]: "null" },
  someDisk: "\\\\.\\PhysicalDrive0",
  holds: (path) =>
    /^([A-Za-z]:\\[^"'`$/:;*?<>|\p{Cc}]+|\\\\\.\\PhysicalDrive\d+)$/u.test(path) && path === path.trimEnd(),
  pathRule: "Use a path with a drive letter and backslashes, such as D:\\salvo\\disk1.bin, without quotes, `$` and `;`",
};

/** By what an agent tells of its host: every Windows has that word in the name of the product. */
export function fioSystemOf(host: { readonly os: string } | undefined): FioSystem {
  return /\bWindows\b/.test(host?.os ?? "") ? WINDOWS : LINUX;
}
