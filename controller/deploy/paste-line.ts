/** One line that a person pastes on a host without SSH: fetches the bundle, compares it, and installs it. Pure. */
import { isName } from "@salvo/shared/identity/name.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { AGENT_FILE } from "./plan.ts";

export interface Paste {
  readonly agent: string;
  /** Where the bundle is fetched; nothing secret, and what comes is compared with sha256. */
  readonly url: string;
  readonly sha256: string;
  /** Good once. */
  readonly token: string;
  /** host:port of the enrolment server. */
  readonly controller: string;
}

/**
 * For a root shell. The steps are those of `salvo deploy` (agent-guest/deploy/host.sh, which comes in the archive and is run only
 * after the comparison). `printf` is built into the shell, so the token is in no program's arguments.
 */
export function linuxLine(
  paste: Paste,
  { folder, identityDir, config }: { readonly folder: string; readonly identityDir: string; readonly config: string },
): string {
  const { url, sha256, token, controller } = checked(paste);
  const steps = [
    "set -eu",
    "umask 077",
    `[ "$(id -u)" = 0 ] || { echo 'salvo: this needs root' >&2; exit 1; }`,
    "d=$(mktemp -d)",
    `trap 'rm -rf "$d"' EXIT`,
    `if command -v curl >/dev/null; then curl -fsSo "$d/a" ${quoted(url)}; else wget -qO "$d/a" ${quoted(url)}; fi`,
    `[ "$(sha256sum <"$d/a")" = '${sha256}  -' ] || { echo 'salvo: the archive arrived damaged' >&2; exit 1; }`,
    `tar -xzf "$d/a" -C "$d" host.sh`,
    `h() { sh "$d/host.sh" "$@"; }`,
    `h place "$d/a" ${sha256} ${quoted(folder)}`,
    // In base64: it has lines.
    `[ -e ${AGENT_FILE} ] || echo ${Buffer.from(config).toString("base64")} | base64 -d | h config`,
    // After it: the file says where the host's audit log is.
    `printf %s ${quoted(token)} | h join ${quoted(folder)} ${quoted(controller)} ${quoted(identityDir)}`,
    `h activate ${quoted(folder)}`,
  ];
  return `(${steps.join("; ")})`;
}

/** For Windows PowerShell 5.1, opened as administrator. Only .NET writes the token: it is in no program's arguments. */
export function windowsLine(paste: Paste, { listen }: { readonly listen: string }): string {
  const { agent, url, sha256, token, controller } = checked(paste);
  const installer = [
    `powershell.exe -NoProfile -ExecutionPolicy Bypass -File "$d\\a\\install.ps1"`,
    `-Controller ${verbatim(controller)} -TokenFile "$d\\token.txt" -Id ${verbatim(agent)} -Listen ${verbatim(listen)}`,
  ].join(" ");
  const steps = [
    `Invoke-WebRequest -UseBasicParsing -Uri ${verbatim(url)} -OutFile "$d\\a.zip"`,
    `if ((Get-FileHash -Algorithm SHA256 -LiteralPath "$d\\a.zip").Hash -ne '${sha256}') { throw 'The archive arrived damaged.' }`,
    `Expand-Archive -LiteralPath "$d\\a.zip" -DestinationPath "$d\\a"`,
    `[IO.File]::WriteAllText("$d\\token.txt", ${verbatim(token)})`,
    installer,
    "if ($LASTEXITCODE -ne 0) { throw 'The installer failed (see above).' }",
  ];
  return [
    "& { $ErrorActionPreference = 'Stop'",
    // It draws a bar for every few bytes, and takes minutes with it.
    "$ProgressPreference = 'SilentlyContinue'",
    "$d = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName())",
    "[void] (New-Item -ItemType Directory -Path $d)",
    `try { ${steps.join("; ")} } finally { Remove-Item -LiteralPath $d -Recurse -Force } }`,
  ].join("; ");
}

/** All of it is ours, and made of plain characters; whatever else came here would be a bug, and never a command. */
function checked(paste: Paste): Paste {
  assert(isName(paste.agent), "an agent is called by a name");
  for (const text of [paste.url, paste.controller, paste.token])
    assert(/^[\w.:/[\]-]+$/.test(text), `${JSON.stringify(text)} has only characters that mean nothing to a shell`);
  assert(/^[0-9a-f]{64}$/.test(paste.sha256), "a checksum is 64 digits");
  return paste;
}

/** For sh. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** For PowerShell. */
function verbatim(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
