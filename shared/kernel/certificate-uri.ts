/**
 * The one URI among a certificate's alternative names, as Node lists them (`DNS:a, URI:b`); undefined when there is none
 * or more than one. Node puts names with commas or quotes in quotes, and those are none of ours.
 */
export function onlyUri(subjectAltName: string | undefined): string | undefined {
  const uris = (subjectAltName ?? "").split(", ").filter((name) => name.startsWith("URI:"));
  const [only] = uris;
  return uris.length === 1 ? only?.slice("URI:".length) : undefined;
}
