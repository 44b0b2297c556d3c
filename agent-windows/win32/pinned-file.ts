/** Holds a file so that its path goes on meaning that very file: nobody can rename, remove or replace it meanwhile. */
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { layout, readField } from "./layout.ts";
import { closeHandle, type Handle, kernel32, lastError, once } from "./library.ts";

/** fileapi.h. */
export const FILE_INFORMATION = layout("BY_HANDLE_FILE_INFORMATION", 52, {
  dwFileAttributes: [0, "u32"],
  dwVolumeSerialNumber: [28, "u32"],
  nNumberOfLinks: [40, "u32"],
  nFileIndexHigh: [44, "u32"],
  nFileIndexLow: [48, "u32"],
});

const GENERIC_READ = 0x8000_0000;
/** Reading and writing; not FILE_SHARE_DELETE, without which a file can neither be renamed nor removed. */
const SHARE_READ_WRITE = 0x3;
const OPEN_EXISTING = 3;
/** The link itself is opened, and not what it leads to. */
const FILE_FLAG_OPEN_REPARSE_POINT = 0x0020_0000;
const FILE_ATTRIBUTE_REPARSE_POINT = 0x400;
const INVALID_HANDLE = -1;

type CreateFile = (
  path: string,
  access: number,
  share: number,
  security: null,
  disposition: number,
  flags: number,
  template: Handle,
) => Handle;

const createFile = once(() =>
  kernel32.func<CreateFile>(
    "intptr_t CreateFileW(str16 path, uint32_t access, uint32_t share, void *security, uint32_t disposition, uint32_t flags, intptr_t template)",
  ),
);
const getInformation = once(() =>
  kernel32.func<(file: Handle, information: Buffer) => number>(
    "int GetFileInformationByHandle(intptr_t file, void *information)",
  ),
);

const getFinalPath = once(() =>
  kernel32.func<(file: Handle, path: Buffer, chars: number, flags: number) => number>(
    "uint32_t GetFinalPathNameByHandleW(intptr_t file, void *path, uint32_t chars, uint32_t flags)",
  ),
);

/** As Node's stat tells them: `dev` and `ino`. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

export interface PinnedFile {
  /** The file's own path, in which no folder is a link. */
  readonly path: string;
  close(): void;
}

/** Throws `refused` when the path has another file by now, or a link; `program-failed` when it cannot be held. */
export function pinFile(path: string, meant: FileIdentity): PinnedFile {
  const handle = createFile()(
    path,
    GENERIC_READ,
    SHARE_READ_WRITE,
    null,
    OPEN_EXISTING,
    FILE_FLAG_OPEN_REPARSE_POINT,
    0,
  );
  if (Number(handle) === INVALID_HANDLE) throw lastError(`opening ${path} to hold it`);
  try {
    const information = Buffer.alloc(FILE_INFORMATION.bytes);
    if (getInformation()(handle, information) === 0) throw lastError(`looking at ${path}`);
    const is = (field: keyof typeof FILE_INFORMATION.fields) => readField(information, FILE_INFORMATION, field);
    const isLink = (is("dwFileAttributes") & FILE_ATTRIBUTE_REPARSE_POINT) !== 0;
    const ino = (BigInt(is("nFileIndexHigh")) << 32n) | BigInt(is("nFileIndexLow"));
    // libuv gives the serial number of the volume as dev; newer ones give 64 bits, of which these are the low ones.
    const sameVolume = BigInt(is("dwVolumeSerialNumber")) === BigInt.asUintN(32, meant.dev);
    if (isLink || !sameVolume || ino !== meant.ino)
      throw new SalvoError("refused", `${path} was exchanged while it was opened`, {
        remedy: "Let nobody else write to its folder, or name another file: path: in the agent's configuration.",
      });
    return { path: finalPath(handle, path), close: () => closeHandle(handle) };
  } catch (error) {
    closeHandle(handle);
    throw error;
  }
}

/** Windows' longest path, with the end of the text. */
const PATH_CHARS_MAX = 32_768;

/** A path with a link in a folder of it could mean another file when the link is set anew. */
function finalPath(handle: Handle, path: string): string {
  const buffer = Buffer.alloc(PATH_CHARS_MAX * 2);
  const chars = getFinalPath()(handle, buffer, PATH_CHARS_MAX, 0);
  if (chars === 0 || chars >= PATH_CHARS_MAX) throw lastError(`finding the own path of ${path}`);
  // "\\?\C:\...": fio takes it without the prefix, which only allows longer paths.
  return buffer.toString("utf16le", 0, chars * 2).replace(/^\\\\\?\\(?=[A-Za-z]:)/, "");
}
