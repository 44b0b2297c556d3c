/** Windows' ordinary waits end with its clock's next tick, up to 15.6 ms late. These timers do not wait for it. */
import { type Handle, kernel32, lastError } from "./library.ts";

/** synchapi.h; Windows 10 1803 and Server 2019 and newer know the first flag. */
const CREATE_WAITABLE_TIMER_HIGH_RESOLUTION = 0x2;
const TIMER_ALL_ACCESS = 0x1f0003;
const WAIT_OBJECT_0 = 0;
const UNITS_PER_MS = 10_000;
/** The wait itself has a limit, should the timer be lost: so much longer than asked for. */
const GRACE_MS = 1_000;

/**
 * Blocks the calling thread for so many milliseconds. An older Windows has no timer of high resolution: there the wait is as
 * exact as its clock, and `exact` is false.
 */
export interface BlockingTimer {
  readonly exact: boolean;
  wait(ms: number): void;
}

type CreateTimer = (security: null, name: null, flags: number, access: number) => Handle;
type SetTimer = (timer: Handle, due: Buffer, period: number, routine: null, argument: null, resume: number) => number;

/** The timer lives as long as the process. */
export function openBlockingTimer(): BlockingTimer {
  const create = kernel32.func<CreateTimer>(
    "intptr_t CreateWaitableTimerExW(void *security, void *name, uint32_t flags, uint32_t access)",
  );
  const set = kernel32.func<SetTimer>(
    "int SetWaitableTimer(intptr_t timer, void *due, int32_t period, void *routine, void *argument, int resume)",
  );
  const waitFor = kernel32.func<(handle: Handle, ms: number) => number>(
    "uint32_t WaitForSingleObject(intptr_t handle, uint32_t ms)",
  );
  let timer = create(null, null, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, TIMER_ALL_ACCESS);
  const exact = Number(timer) !== 0;
  if (!exact) timer = create(null, null, 0, TIMER_ALL_ACCESS);
  if (Number(timer) === 0) throw lastError("CreateWaitableTimerEx");
  const due = Buffer.alloc(8);
  return {
    exact,
    wait(ms) {
      // A negative time is from now on, in units of 100 ns.
      due.writeBigInt64LE(-BigInt(Math.max(1, Math.round(ms * UNITS_PER_MS))));
      if (set(timer, due, 0, null, null, 0) === 0) throw lastError("SetWaitableTimer");
      if (waitFor(timer, Math.ceil(ms) + GRACE_MS) !== WAIT_OBJECT_0) throw lastError("WaitForSingleObject");
    },
  };
}
