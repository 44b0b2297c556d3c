/**
 * CRC32C (Castagnoli, RFC 3720 B.4) in place of @node-rs/crc32, whose compiled half for Windows needs VCRUNTIME140.dll, which a
 * fresh Windows Server does not have. By a table, a byte at a time: quick enough for an agent's journals.
 */
const POLYNOMIAL = 0x82f63b78; // bits reversed

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/** Of the bytes, going on from those that `before` is the checksum of. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}
