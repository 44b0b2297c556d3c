/** No process that this one starts, and none that those start, outlives it, however it ends. */
import { layout } from "./layout.ts";
import { type Handle, kernel32, lastError } from "./library.ts";

/** winnt.h. The first part is JOBOBJECT_BASIC_LIMIT_INFORMATION. */
export const LIMITS = layout("JOBOBJECT_EXTENDED_LIMIT_INFORMATION", 144, {
  LimitFlags: [16, "u32"],
});
/** JobObjectExtendedLimitInformation. */
const CLASS = 9;
const JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE = 0x2000;
/** What GetCurrentProcess returns. */
const THIS_PROCESS = -1;

/**
 * Puts this process into a job that Windows ends with its last handle, and that handle is of this process alone. It stays open
 * until this process is gone. The job of libuv holds only what Node starts, and not what fio starts. Throws `program-failed`.
 */
export function endChildrenWithThisProcess(): void {
  const create = kernel32.func<(security: null, name: null) => Handle>(
    "intptr_t CreateJobObjectW(void *security, void *name)",
  );
  const limit = kernel32.func<(job: Handle, of: number, limits: Buffer, bytes: number) => number>(
    "int SetInformationJobObject(intptr_t job, int of, void *limits, uint32_t bytes)",
  );
  const assign = kernel32.func<(job: Handle, process: Handle) => number>(
    "int AssignProcessToJobObject(intptr_t job, intptr_t process)",
  );
  const job = create(null, null);
  if (Number(job) === 0) throw lastError("CreateJobObject");
  const limits = Buffer.alloc(LIMITS.bytes);
  limits.writeUInt32LE(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, LIMITS.fields.LimitFlags[0]);
  if (limit(job, CLASS, limits, limits.length) === 0) throw lastError("SetInformationJobObject");
  if (assign(job, THIS_PROCESS) === 0) throw lastError("AssignProcessToJobObject");
}
