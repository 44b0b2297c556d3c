/** host:port, read and written in one place: an IPv6 address stands in brackets there, and nowhere else. */
import { isIPv4, isIPv6 } from "node:net";
import { SalvoError } from "./error.ts";

export interface Address {
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
}

/** Reads `host:7400` or `[::1]:7400`; undefined when it is neither, or the port is above 65535. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  if (!match) return undefined;
  const [, bracketed, plain = "", digits] = match;
  if (bracketed !== undefined && !isIPv6(bracketed)) return undefined;
  const port = Number(digits);
  return port <= 65_535 ? { host: bracketed ?? plain, port } : undefined;
}

/** As parseAddress. Throws `invalid-input`; what: who uses it for what, "cannot listen on". */
export function requireAddress(text: string, what: string): Address {
  const address = parseAddress(text);
  if (address) return address;
  const meant = unbracketed(text);
  throw new SalvoError("invalid-input", `${what} ${text}: ${whyNoAddress(text)}`, {
    remedy: meant === undefined ? "Write host:port, for example 127.0.0.1:7400 or [::1]:7400" : `Write ${meant}`,
  });
}

/** What is wrong with a text that parseAddress does not read; after a colon, or after "is". */
export function whyNoAddress(text: string): string {
  if (unbracketed(text) !== undefined) return "an IPv6 address before a port needs brackets, as it has colons itself";
  return isIPv6(text) ? "a port is missing, and an IPv6 address before it needs brackets" : "this is no host:port";
}

/** What an IPv6 address with a port, and without brackets, was most likely meant to be. */
function unbracketed(text: string): string | undefined {
  const [, host = "", port = ""] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  return isIPv6(host) && Number(port) <= 65_535 ? formatAddress({ host, port: Number(port) }) : undefined;
}

/** `host:7400` or `[::1]:7400`: what parseAddress reads, and what stands in a URL. */
export function formatAddress({ host, port }: Address): string {
  return `${bracketed(host)}:${port}`;
}

/** A host as it stands before a port, or in a URL. */
export function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** All addresses of this host, of the kind that the host given is of. */
export function anyHostLike(host: string): string {
  return host.includes(":") ? "::" : "0.0.0.0";
}

/**
 * A socket's own words for its other end, without brackets: `::1:4711`. An IPv4 address that came to a socket of both kinds is
 * written as such: `::ffff:10.0.0.1` is 10.0.0.1.
 */
export function ofSocket(text: string): string {
  const at = text.lastIndexOf(":");
  const host = text.slice(0, at).replace(/^::ffff:(?=\d+\.)/, "");
  return isIPv4(host) || isIPv6(host) ? formatAddress({ host, port: Number(text.slice(at + 1)) }) : text;
}

/** Whether only this host itself can reach it: 127.0.0.0/8, ::1, localhost. */
export function isLoopback({ host }: Pick<Address, "host">): boolean {
  if (host.toLowerCase() === "localhost") return true;
  if (isIPv4(host)) return host.startsWith("127.");
  return isIPv6(host) && /^(0{0,4}:){2,7}0{0,3}1$/.test(host);
}
