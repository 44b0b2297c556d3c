import { SalvoError } from "@salvo/shared/kernel/error.ts";

/** What agent-guest/deploy/host.sh tells of a host, `key=value` a line. */
export interface HostFacts {
  /** As uname has it: Linux x86_64 */
  readonly system: string;
  readonly root: boolean;
  /** Programs that deploying needs and that are not there. */
  readonly missing: readonly string[];
  readonly systemd: boolean;
  /** Names of program folders; empty for none. */
  readonly current: string;
  readonly installed: readonly string[];
  readonly running: string;
  /** Whether systemd starts what is current, as that wants to be started. */
  readonly unit: "same" | "other" | "none";
  readonly fio: string;
  /** The program with which packages are installed. */
  readonly packager: string;
  readonly freeBytes: number;
  /** Folders in which fio is at work. */
  readonly fioIn: readonly string[];
  /** The agent's file; undefined when there is none. */
  readonly config: string | undefined;
  /** It was changed since deploy started the agent. */
  readonly configIsNewer: boolean;
  /** It is byte for byte what deploy wrote: nobody on the host has changed it. */
  readonly configIsDeploys: boolean;
}

/** By what host.sh finds them out: a program that prints nothing, or something else, is no fact. */
const NEEDED = [
  ["system", "uname", /^\S+ \S+$/],
  ["uid", "id -u", /^\d+$/],
  ["free", "df", /^\d+$/],
] as const;

/** Throws `program-failed` where the host does not say what every plan needs. */
export function parseFacts(text: string): HostFacts {
  const facts = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [, key = "", value = ""] = /^([a-z-]+)=(.*)$/.exec(line) ?? [];
    if (value !== "") facts.set(key, [...(facts.get(key) ?? []), value]);
  }
  const all = (key: string) => facts.get(key) ?? [];
  const one = (key: string) => all(key)[0] ?? "";
  for (const [key, program, form] of NEEDED)
    if (!form.test(one(key)))
      throw new SalvoError("program-failed", `${program} on the host printed ${JSON.stringify(one(key))}`, {
        remedy: `Log in there and see what ${program} prints`,
      });
  const unit = one("unit");
  const config = all("config")[0];
  return {
    system: one("system"),
    root: one("uid") === "0",
    missing: all("missing"),
    systemd: one("systemd") === "yes",
    current: one("current"),
    installed: all("installed"),
    running: one("running"),
    unit: unit === "same" || unit === "none" ? unit : "other",
    fio: one("fio"),
    packager: one("package"),
    freeBytes: Number(one("free")) * 1024,
    fioIn: all("fio-in"),
    config: config === undefined ? undefined : Buffer.from(config, "base64").toString(),
    configIsNewer: one("config-is") === "newer",
    configIsDeploys: one("config-by") === "deploy",
  };
}

/** What is wrong with its fio, with the command that helps; undefined when it is there. */
export function fioNote({ fio, packager }: HostFacts): string | undefined {
  if (fio !== "") return undefined;
  const install: Readonly<Record<string, string>> = {
    "apt-get": "apt-get install fio",
    dnf: "dnf install fio",
    zypper: "zypper install fio",
    pacman: "pacman -S fio",
    apk: "apk add fio",
  };
  return `fio is missing: ${install[packager] ?? "install fio 3.30 or newer"}`;
}
