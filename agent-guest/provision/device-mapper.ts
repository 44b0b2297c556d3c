/** What target and initiator both need of the device mapper. */

/** Sectors of the device mapper: 512 bytes, whatever the disk's own are. */
export const MAP_SECTOR_BYTES = 512n;

/** As a table has it; a word for all of it, where nobody said how much that is. */
export function mapSectors(bytes: bigint): string {
  return bytes === 0n ? "SECTORS" : String(bytes / MAP_SECTOR_BYTES);
}
