/** What strace saw an agent and its descendants start, and the list of what they may. */

/** One execve, or the attempt at it. */
export interface Exec {
  readonly program: string;
  readonly argv: readonly string[];
}

/** Reads strace's words about execve and execveat (process.ts). Throws for a line that it does not understand. */
export function parseExecs(text: string): Exec[] {
  const calls = text.split("\n").filter((line) => line !== "" && !/<\.\.\. execve(at)? resumed>/.test(line));
  return calls.map((line) => {
    const [, program, list] = CALL.exec(line) ?? [];
    if (program === undefined || list === undefined) throw new Error(`strace wrote an unknown form: ${line}`);
    return { program: unquote(program), argv: [...list.matchAll(QUOTED)].map(([text]) => unquote(text)) };
  });
}

const TEXT = String.raw`"(?:[^"\\]|\\.)*"`;
const QUOTED = new RegExp(TEXT, "g");
/** `123 execve("/bin/sh", ["sh", "-c", "..."], 0x... /* 5 vars *\/) = 0`; nothing of it is cut, see -s. */
const CALL = new RegExp(String.raw`^\d+ +execve\((${TEXT}), \[((?:${TEXT}(?:, )?)*)\], `);

/** As C writes texts, byte by byte. */
function unquote(quoted: string): string {
  const LETTERS: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", v: "\v", f: "\f" };
  const bytes = quoted
    .slice(1, -1)
    .replaceAll(/\\([0-7]{1,3}|.)/g, (_, escaped: string) =>
      /^[0-7]/.test(escaped) ? String.fromCharCode(Number.parseInt(escaped, 8)) : (LETTERS[escaped] ?? escaped),
    );
  return Buffer.from(bytes, "latin1").toString();
}

/** Of the agent that was watched. */
export interface ExecPlace {
  readonly dataDir: string;
  /** The agent's main.ts. */
  readonly main: string;
  /** Names in /sys/block. */
  readonly disks: readonly string[];
}

/** Those that are neither the agent itself, nor of its inventory before it served, nor on the list of what serves a run. */
export function notAllowed(execs: readonly Exec[], place: ExecPlace): string[] {
  // The inventory is made before the agent listens; the first program it starts for a caller comes after that.
  const served = execs.findIndex(({ argv }) => argv[0]?.endsWith("/setpriv"));
  return execs.flatMap((exec, index) => {
    const own = index === 0 && exec.program === process.execPath && exec.argv[1] === place.main;
    const before = served === -1 || index < served;
    const fine = own || (before && isInventory(exec)) || isServing(exec, place);
    return fine ? [] : [`${before ? "at its start" : "serving"}: ${exec.program} ${JSON.stringify(exec.argv)}`];
  });
}

/** A text exactly, or what matches as a whole. */
type Shape = readonly (string | RegExp)[];

/** shared/fio/gate.ts, and what fio adds to it: the only line for a shell. */
const GATE = "exec 3<gate && echo . >ready && ! read _ <&3 && [ -e go ] > job.prerun.txt 2>&1";
const RUN = "[a-z0-9][a-z0-9-]{0,62}";
const PARTICIPANT = "[a-z0-9][a-z0-9.-]{0,127}";

/** Each with its whole path as argv[0], but for the shell, which fio calls "sh". */
function servingShapes({ dataDir, disks }: ExecPlace): Shape[] {
  const inRun = (name: string) => new RegExp(`${literal(dataDir)}/runs/${RUN}/${PARTICIPANT}/${name}`);
  const disk = new RegExp(`/dev/(${disks.map(literal).join("|")})`);
  return [
    [program("fio"), "--version"],
    [program("fio"), "--output-format=json+", "--eta=never", inRun("job\\.fio")],
    [program("mkfifo"), "-m", "600", inRun("ready"), inRun("gate")],
    [program("wipefs"), "--no-act", "--json", disk],
    [program("blkid"), "--probe", "--offset", "1048576", "--output", "export", disk],
  ];
}

function isServing({ program: path, argv }: Exec, place: ExecPlace): boolean {
  if (path === "/bin/sh") return fits(argv, ["sh", "-c", GATE]);
  if (argv[0] !== path) return false;
  const wrapped = fits(argv.slice(0, 4), [program("setpriv"), "--pdeathsig", "KILL", "--"]);
  const rest = wrapped ? argv.slice(4) : argv;
  return servingShapes(place).some((shape) => fits(rest, shape));
}

/** Where systems have their programs; no folder that a run could write to. */
function program(name: string): RegExp {
  return new RegExp(`/(usr/)?(local/)?s?bin/${name}`);
}

function fits(argv: readonly string[], shape: Shape): boolean {
  return (
    argv.length === shape.length &&
    shape.every((each, index) =>
      typeof each === "string" ? each === argv[index] : new RegExp(`^(?:${each.source})$`).test(argv[index] ?? ""),
    )
  );
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

/**
 * What systeminformation runs for osInfo, cpu, mem and system, once, before anybody can call: constants, every one. The
 * programs in the lines are compared by their words, wherever PATH has them.
 */
function isInventory({ program, argv }: Exec): boolean {
  const words = argv.join(" ").replaceAll(/\s+/g, " ").trim();
  if (argv[0] === "/bin/sh") return program === "/bin/sh" && argv[1] === "-c" && LINES.has(words);
  return /^\/(usr\/)?(local\/)?s?bin\/[a-z]+$/.test(program) && PROGRAMS.has(words);
}

const DMI = "/sys/devices/virtual/dmi/id";
const PRODUCT = ["product_name", "product_serial", "product_uuid", "product_version", "sys_vendor"];
const C = (line: string) => `export LC_ALL=C; ${line}; unset LC_ALL`;
const GOVERNOR = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";
const VIRTUAL = ["virtual|hypervisor", "vmware|qemu|kvm|xen", "Nested Virtualization|/virtual/"] as const;

const LINES = new Set(
  [
    "hostname -f 2>/dev/null",
    "cat /etc/*-release; cat /usr/lib/os-release; cat /etc/openwrt_release",
    C("dmidecode -t system 2>/dev/null"),
    C('dmidecode -t 4 2>/dev/null | grep "Upgrade: Socket"'),
    C("dmidecode -t memory 2>/dev/null"),
    C("lscpu"),
    C(`lscpu; echo -n "Governor: "; cat ${GOVERNOR} 2>/dev/null; echo`),
    PRODUCT.map((name) => `echo -n "${name}: "; cat ${DMI}/${name} 2>/dev/null; echo;`).join(" "),
    "ls -1 /dev/disk/by-id/ 2>/dev/null; pciconf -lv 2>/dev/null || true",
    `dmesg 2>/dev/null | grep -iE "${VIRTUAL[0]}" | grep -iE "${VIRTUAL[1]}" | grep -viE "${VIRTUAL[2]}"`,
    'dmesg | grep -E "EFI v"',
    "echo $LANG",
    "which ip",
    C("/usr/sbin/ip link show up"),
    C("/usr/bin/ip link show up"),
    'echo -n "os: "; cat /var/lib/dbus/machine-id 2> /dev/null || cat /etc/machine-id 2> /dev/null; echo; ' +
      'echo -n "hardware: "; cat /sys/class/dmi/id/product_uuid 2> /dev/null; echo;',
  ].map((line) => `/bin/sh -c ${line}`),
);

const PROGRAMS = new Set([
  ...["/etc/os-release", "/etc/lsb-release", "/usr/lib/os-release", "/etc/openwrt_release", GOVERNOR].map(cat),
  ...["/var/lib/dbus/machine-id", "/etc/machine-id", "/sys/class/dmi/id/product_uuid"].map(cat),
  ...PRODUCT.map((name) => cat(`${DMI}/${name}`)),
  ...VIRTUAL.map((pattern, index) => `grep ${index < 2 ? "-iE" : "-viE"} ${pattern}`),
  "grep Upgrade: Socket",
  "grep -E EFI v",
  "dmidecode -t system",
  "dmidecode -t 4",
  "pciconf -lv",
  "ls -1 /dev/disk/by-id/",
  "which ip",
  "/usr/sbin/ip link show up",
  "/usr/bin/ip link show up",
  "hostname -f",
  "lscpu",
  "dmesg",
]);

function cat(path: string): string {
  return `cat ${path}`;
}
