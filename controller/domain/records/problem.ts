/** Why a record does not count. */
export interface RecordProblem {
  /** Of the kind, as what a record "is" or "has": the same for all such records, which are counted together. */
  readonly what: string;
  /** Of this record. */
  readonly detail: string;
}
