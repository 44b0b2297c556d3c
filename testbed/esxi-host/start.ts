/** Starts a stand-in of an ESXi host on this machine: its own root, a real SSH server, simulated commands over one state. */
import { appendFileSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { run } from "@salvo/shared/process/run.ts";
import { openDoor } from "./boot/door.ts";
import { bootMachine, type Machine } from "./boot/machine.ts";
import { makeHostFolder, makeKey } from "./boot/root.ts";
import { type HostOptions, initialState } from "./state/initial.ts";
import type { Fault, HostState } from "./state/state.ts";
import { changeState, readState } from "./state/store.ts";

export interface StartOptions extends HostOptions {
  /** PATH of a session. */
  readonly sshPath?: string;
}

export interface EsxiHost extends AsyncDisposable {
  readonly folder: string;
  /** On 127.0.0.1; it stays the same over reboots. */
  readonly port: number;
  /** `SHA256:...` */
  readonly hostKey: string;
  /** Root logs in with this key. */
  readonly keyFile: string;
  state(): HostState;
  /** Changes the state, as somebody at another console would, or the world around the host. */
  change(change: (state: HostState) => void): void;
  /** The next calls of a command meet this. */
  fault(fault: Fault): void;
  /** The path of a file of the host, for this process; it holds until the next reboot. */
  path(file: string): string;
  /** Refuses SSH connections until `allowSsh`, and ends those that are there. */
  refuseSsh(): Promise<void>;
  allowSsh(): Promise<void>;
  /** Ends every SSH connection at once. */
  dropSsh(): void;
  /** Fills /etc and /tmp, which are in memory: a new file gets no content. A reboot empties them too. */
  fillRamdisks(): void;
  emptyRamdisks(): void;
  /** As pulling the plug and putting it back: what was not persisted is lost. Resolves when SSH answers again. */
  reboot(): Promise<void>;
  /** Resolves when the host has booted so many times. */
  booted(times: number): Promise<void>;
  /** The host has another host key after this, and a reboot. Resolves to the new key. */
  changeHostKey(): Promise<string>;
}

const SHELL = join(import.meta.dirname, "../../.toolchain/esxi-shell/busybox");
const CACHE = join(import.meta.dirname, "../../.toolchain/compile-cache");

export async function startEsxiHost(options: StartOptions = {}): Promise<EsxiHost> {
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    throw new SalvoError(
      "refused",
      "the simulated ESXi host cannot start: it needs Linux and root, to have a root of its own",
      {
        remedy: "Start it as root",
      },
    );
  const folder = await mkdtemp(join(tmpdir(), "salvo-esxi-"));
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  await mkdir(CACHE, { recursive: true });
  const { keyFile } = await makeHostFolder(folder, initialState(options), { shell: SHELL, vms: options.vms ?? [] });
  const power = await PowerSupply.on(folder, options.sshPath ?? "/bin:/sbin");
  undo.use(power);
  const door = await openDoor(() => power.machine?.port);
  undo.use(door);
  let hostKey = await fingerprint(folder);
  const stack = undo.move();
  const stateFolder = join(folder, "state");
  const path = (file: string): string => `/proc/${power.machine?.pid ?? 0}/root${file}`;
  const host: EsxiHost = {
    folder,
    port: door.port,
    get hostKey() {
      return hostKey;
    },
    keyFile,
    state: () => readState(stateFolder),
    change: (change) => changeState(stateFolder, change),
    fault: (fault) => changeState(stateFolder, (state) => void state.faults.push(fault)),
    path,
    refuseSsh: () => door.close(),
    allowSsh: () => door.open(),
    dropSsh: () => door.drop(),
    fillRamdisks: () => ["/etc", "/tmp"].forEach((folder) => fill(path(`${folder}/${BALLAST}`))),
    emptyRamdisks: () => ["/etc", "/tmp"].forEach((folder) => rmSync(path(`${folder}/${BALLAST}`), { force: true })),
    async reboot() {
      const { boots } = readState(stateFolder);
      await power.cut();
      await power.booted(boots + 1);
    },
    booted: (times) => power.booted(times),
    async changeHostKey() {
      const file = join(folder, "root/.stand-in/host-key");
      await rm(file);
      await rm(`${file}.pub`);
      await makeKey(file, "another");
      hostKey = await fingerprint(folder);
      await host.reboot();
      return hostKey;
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
  return host;
}

const BALLAST = ".ballast";
const BALLAST_CHUNK = Buffer.alloc(65_536);

function fill(file: string): void {
  for (let chunk = BALLAST_CHUNK; chunk.length > 0;)
    try {
      appendFileSync(file, chunk);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
      chunk = chunk.subarray(0, Math.floor(chunk.length / 2));
    }
}

/** Boots the host again whenever it went down, unless it was switched off. */
class PowerSupply implements AsyncDisposable {
  machine: Machine | undefined;
  readonly #folder: string;
  readonly #sshPath: string;
  readonly #ended = new AbortController();
  #waiting: (() => void)[] = [];
  #failed: unknown;
  #running: Promise<void> = Promise.resolve();

  private constructor(folder: string, sshPath: string) {
    this.#folder = folder;
    this.#sshPath = sshPath;
  }

  static async on(folder: string, sshPath: string): Promise<PowerSupply> {
    const power = new PowerSupply(folder, sshPath);
    power.machine = await bootMachine(folder, CACHE, sshPath);
    power.#running = power.#keepUp(power.machine);
    return power;
  }

  async #keepUp(first: Machine): Promise<void> {
    try {
      for (let machine = first; ;) {
        await machine.down;
        this.machine = undefined;
        const { settings, power } = readState(join(this.#folder, "state"));
        if (this.#ended.signal.aborted || power === "off") return;
        await sleep(settings.rebootMs, undefined, { signal: this.#ended.signal });
        machine = await bootMachine(this.#folder, CACHE, this.#sshPath);
        this.machine = machine;
        this.#tell();
      }
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#failed = error;
    } finally {
      this.#tell();
    }
  }

  #tell(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async cut(): Promise<void> {
    await this.machine?.[Symbol.asyncDispose]();
  }

  async booted(times: number): Promise<void> {
    while (this.machine === undefined || readState(join(this.#folder, "state")).boots < times) {
      if (this.#failed !== undefined) throw this.#failed;
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.cut();
    await this.#running;
  }
}

async function fingerprint(folder: string): Promise<string> {
  const file = join(folder, "root/.stand-in/host-key.pub");
  const { stdout } = await run("ssh-keygen", ["-l", "-f", file]);
  const [, found] = stdout.split(" ");
  if (found === undefined) throw new Error(`ssh-keygen says nothing of ${file}: ${await readFile(file, "utf8")}`);
  return found;
}
