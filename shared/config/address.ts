import { isIPv4, isIPv6 } from "node:net";

export interface Address {
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
}

/** Reads `host:7400` or `[::1]:7400`; undefined when it is neither, or the port is above 65535. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  if (!match) return undefined;
  const [, bracketed, plain = "", digits] = match;
  const port = Number(digits);
  return port <= 65_535 ? { host: bracketed ?? plain, port } : undefined;
}

/** Whether only this host itself can reach it: 127.0.0.0/8, ::1, localhost. */
export function isLoopback({ host }: Address): boolean {
  if (host.toLowerCase() === "localhost") return true;
  if (isIPv4(host)) return host.startsWith("127.");
  return isIPv6(host) && /^(0{0,4}:){2,7}0{0,3}1$/.test(host);
}
