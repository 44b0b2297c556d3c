/** Questions to disks and volumes of this host, which change nothing: winioctl.h. */
import { layout, readField } from "./layout.ts";
import { closeHandle, type Handle, kernel32, lastError, once } from "./library.ts";

export const LENGTH = layout("GET_LENGTH_INFORMATION", 8, { Length: [0, "i64"] });
export const DEVICE_NUMBER = layout("STORAGE_DEVICE_NUMBER", 12, {
  DeviceType: [0, "u32"],
  DeviceNumber: [4, "u32"],
  PartitionNumber: [8, "u32"],
});
export const GEOMETRY = layout("DISK_GEOMETRY_EX", 40, {
  "Geometry.BytesPerSector": [20, "u32"],
  DiskSize: [24, "i64"],
});
export const DESCRIPTOR = layout("STORAGE_DEVICE_DESCRIPTOR", 40, {
  VendorIdOffset: [12, "u32"],
  ProductIdOffset: [16, "u32"],
  SerialNumberOffset: [24, "u32"],
  BusType: [28, "u32"],
});
export const EXTENTS = layout("VOLUME_DISK_EXTENTS", 32, { NumberOfDiskExtents: [0, "u32"] });
export const EXTENT = layout("DISK_EXTENT", 24, {
  DiskNumber: [0, "u32"],
  StartingOffset: [8, "i64"],
  ExtentLength: [16, "i64"],
});
export const PERFORMANCE = layout("DISK_PERFORMANCE", 88, {
  BytesRead: [0, "i64"],
  BytesWritten: [8, "i64"],
  ReadTime: [16, "i64"],
  WriteTime: [24, "i64"],
  IdleTime: [32, "i64"],
  ReadCount: [40, "u32"],
  WriteCount: [44, "u32"],
  QueueDepth: [48, "u32"],
  QueryTime: [56, "i64"],
});

/** layout.test.ts compares them with the header. */
export const CODES = {
  IOCTL_DISK_GET_LENGTH_INFO: 0x7405c,
  IOCTL_DISK_GET_DRIVE_GEOMETRY_EX: 0x700a0,
  IOCTL_DISK_IS_WRITABLE: 0x70024,
  IOCTL_DISK_PERFORMANCE: 0x70020,
  IOCTL_STORAGE_GET_DEVICE_NUMBER: 0x2d1080,
  IOCTL_STORAGE_QUERY_PROPERTY: 0x2d1400,
  IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS: 0x560000,
} as const;

/** VOLUME_DISK_EXTENTS: a count, and the extents from here on. */
const EXTENTS_AT = 8;
const SHARE_ALL = 0x7;
const OPEN_EXISTING = 3;
const INVALID_HANDLE = -1;
const ANSWER_BYTES_MAX = 4096;

type CreateFile = (...of: [string, number, number, null, number, number, Handle]) => Handle;
type Control = (
  device: Handle,
  code: number,
  question: Buffer | null,
  questionBytes: number,
  answer: Buffer,
  answerBytes: number,
  got: number[],
  overlapped: null,
) => number;

const createFile = once(() =>
  kernel32.func<CreateFile>(
    "intptr_t CreateFileW(str16 path, uint32_t access, uint32_t share, void *security, uint32_t disposition, uint32_t flags, intptr_t template)",
  ),
);
const control = once(() =>
  kernel32.func<Control>(
    "int DeviceIoControl(intptr_t device, uint32_t code, void *question, uint32_t questionBytes, void *answer, uint32_t answerBytes, _Out_ uint32_t *got, void *overlapped)",
  ),
);

export interface Device extends Disposable {
  /** The answer, cut to what came. Throws `program-failed`, with Windows' number. */
  ask(code: keyof typeof CODES, question?: Buffer): Buffer;
}

/** Access 0: a disk can be asked, and neither read nor written. `\\.\PhysicalDrive0`, `\\.\C:`. */
export function openDevice(path: string): Device {
  const handle = createFile()(path, 0, SHARE_ALL, null, OPEN_EXISTING, 0, 0);
  if (Number(handle) === INVALID_HANDLE) throw lastError(`opening ${path}`);
  return {
    ask(code, question) {
      const answer = Buffer.alloc(ANSWER_BYTES_MAX);
      const got = [0];
      const { length = 0 } = question ?? {};
      if (control()(handle, CODES[code], question ?? null, length, answer, answer.length, got, null) === 0)
        throw lastError(`${code} of ${path}`);
      return answer.subarray(0, got[0]);
    },
    [Symbol.dispose]: () => closeHandle(handle),
  };
}

/** The numbers of the disks that a volume lies on: several where it is spanned or in a storage pool. */
export function disksOfVolume(volume: Device): number[] {
  const answer = volume.ask("IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS");
  const count = readField(answer, EXTENTS, "NumberOfDiskExtents");
  return Array.from({ length: count }, (_, index) =>
    readField(answer, EXTENT, "DiskNumber", EXTENTS_AT + index * EXTENT.bytes),
  );
}
