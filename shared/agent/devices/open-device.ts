/** A device that may be written to, from arming to the end of the run. */
export interface OpenDevice {
  /** For fio. */
  readonly path: string;
  /** At the device's start, and not the workload's. */
  readonly reservedBytes: bigint;
  /** Throws `refused` when it is no longer what was armed. Some milliseconds: before the precise wait. */
  recheck(): void;
  /** The same by the device's number only, just before the gates open. */
  recheckQuickly(): void;
  close(): void;
}
