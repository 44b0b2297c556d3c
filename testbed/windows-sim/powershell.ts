/**
 * Stands in for powershell.exe at the process boundary, where there is no Windows: arguments, standard streams and exit codes are
 * those of Windows PowerShell 5.1 running bridge.ps1. It runs no script. Its state is in the JSON file SALVO_SIM. It shares no code with
 * the agent: what both know is the answer's form, which bridge.ps1 defines.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { iscsiAnswer } from "./iscsi.ts";

/** What this Windows is like, and what goes wrong. */
interface State {
  readonly facts?: Readonly<Record<string, unknown>>;
  /** A file with what the service does, which the next call finds as this one left it. */
  readonly service?: string;
  /** What the service does instead of what it is told. */
  readonly serviceFault?: "does not stop" | "does not start";
  /** What the service makes of its configuration when it starts: the file, and what is written into it. */
  readonly onStart?: { readonly file: string; readonly text: string };
  /** A file with the initiator's world (iscsi.ts). */
  readonly iscsi?: string;
  readonly fault?:
    | "blocked by policy"
    | "prints nothing"
    | "prints something else"
    | "hangs"
    | "prints without end"
    | "the script fails"
    | "marks its UTF-8";
}

const state: State = JSON.parse(readFileSync(process.env["SALVO_SIM"] ?? "", "utf8"));
const values = new Map<string, string>();
const words = process.argv.slice(2);
for (const [at, word] of words.entries()) if (word.startsWith("-")) values.set(word.toLowerCase(), words[at + 1] ?? "");
const file = values.get("-file") ?? "";
const script = values.get("-script") ?? "";

/** The words of Windows Server 2019 in German: messages are in the language of the host, categories are not. */
const BLOCKED = `Die Datei "${file}" kann nicht geladen werden, da die Ausführung von Skripts auf diesem System deaktiviert ist.
    + CategoryInfo          : Sicherheitsfehler: (:) [], PSSecurityException
    + FullyQualifiedErrorId : UnauthorizedAccess
`;

function answer(text: string, exitCode = 0): void {
  process.stdout.write(text);
  process.exitCode = exitCode;
}

if (basename(file) !== "bridge.ps1" || !readFileSync(file, "utf8").includes(`'${script}'`))
  throw new Error(`no such script of the bridge: ${file} ${script}`);
/** As ConvertFrom-Json, which fails on anything else. */
const parameters: Readonly<Record<string, unknown>> = JSON.parse(readFileSync(0, "utf8"));

/** The message of System.ServiceProcess.TimeoutException, by way of PowerShell's MethodInvocationException. */
const TIMED_OUT =
  'Exception calling "WaitForStatus" with "2" argument(s): "Time out has expired and the operation has not been completed."';

function setService(file: string): Readonly<Record<string, unknown>> | undefined {
  const wanted = String(parameters["Status"]);
  const fault = wanted === "Stopped" ? "does not stop" : "does not start";
  if (state.serviceFault === fault) {
    writeFileSync(file, wanted === "Stopped" ? "StopPending" : "StartPending");
    return undefined;
  }
  if (wanted === "Running" && state.onStart) writeFileSync(state.onStart.file, state.onStart.text);
  writeFileSync(file, wanted);
  return { status: wanted };
}

function ofInitiator(file: string): Readonly<Record<string, unknown>> | undefined {
  const world = JSON.parse(readFileSync(file, "utf8"));
  const result = iscsiAnswer(world, script, parameters);
  writeFileSync(file, JSON.stringify(world));
  return result;
}

function resultOf(): Readonly<Record<string, unknown>> | undefined {
  const initiator = state.iscsi === undefined ? undefined : ofInitiator(state.iscsi);
  if (initiator) return initiator;
  if (script === "host-facts")
    return { manufacturer: "VMware, Inc.", model: "VMware20,1", hypervisorPresent: true, ...state.facts };
  const file = state.service ?? "";
  return script === "service-state" ? { status: readFileSync(file, "utf8") } : setService(file);
}
const result = resultOf();

switch (state.fault) {
  case "blocked by policy":
    process.stderr.write(BLOCKED);
    process.exitCode = 1;
    break;
  case "prints nothing":
    break;
  case "prints something else":
    answer("Windows PowerShell\r\nCopyright (C) Microsoft Corporation.\r\n");
    break;
  case "hangs":
    setInterval(() => {}, 1_000);
    break;
  case "prints without end":
    answer("x".repeat(4 * 1024 * 1024));
    break;
  case "the script fails":
    answer(
      JSON.stringify({
        error: { message: "Zugriff verweigert", category: "PermissionDenied", script: `${script}.ps1`, line: 8 },
      }),
      1,
    );
    break;
  case "marks its UTF-8":
    answer(`\u{feff}${JSON.stringify({ result })}\r\n`);
    break;
  case undefined: {
    const error = { message: TIMED_OUT, category: "NotSpecified", script: `${script}.ps1`, line: 15 };
    answer(JSON.stringify(result === undefined ? { error } : { result }), result === undefined ? 1 : 0);
    break;
  }
}
