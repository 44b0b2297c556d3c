/** Whether an IPv4 address is in the network of another. */
export function isWithin(address: string, of: string, netmask: string): boolean {
  const [one, other, mask] = [address, of, netmask].map(bitsOf);
  if (one === undefined || other === undefined || mask === undefined) return false;
  return (one & mask) === (other & mask);
}

function bitsOf(address: string): number | undefined {
  const parts = address.split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined;
  return parts.reduce((bits, part) => bits * 256 + part, 0) | 0;
}
