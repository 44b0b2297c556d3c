import type { Esxi } from "../esxi.ts";
import { type Fields, fieldsOf, onlyFields } from "../read/answer.ts";
import type { Commands } from "../read/commands.ts";

/** One look at a host: every question is asked once. */
export interface Facts {
  readonly host: string;
  readonly commands: Commands;
  /** "network vswitch standard list"; none when the host has no such command. */
  list(command: string): Promise<Fields[]>;
  /** Of a command that tells of one thing; undefined when the host has no such command. */
  get(command: string): Promise<Fields | undefined>;
  /** What another program prints. */
  print(...argv: readonly string[]): Promise<string>;
  /** As print; empty when the program fails or is not there. */
  tryPrint(...argv: readonly string[]): Promise<string>;
}

/** lists: commands that are likely to be asked for, which are then asked for all at once. */
export async function openFacts(esxi: Esxi, lists: readonly string[] = []): Promise<Facts> {
  const commands = await esxi.commands();
  const asked = new Map<string, Promise<unknown>>();
  function once<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const before = asked.get(key);
    // What is kept under a key is what was asked under it.
    if (before) return before as Promise<T>;
    const now = ask();
    asked.set(key, now);
    return now;
  }
  /** Options begin with a hyphen: they are no part of the command's name. */
  const offers = (args: readonly string[]) => {
    const end = args.findIndex((each) => each.startsWith("-"));
    return commands.has((end === -1 ? args : args.slice(0, end)).join(" "));
  };
  const offered = lists.map((command) => command.split(" ")).filter(offers);
  const answers = offered.length > 0 ? await esxi.listMany(offered) : [];
  for (const [at, answer] of answers.entries())
    if (answer) asked.set(`list ${offered[at]?.join(" ")}`, Promise.resolve(fieldsOf(answer)));
  return {
    host: esxi.name,
    commands,
    list: async (command) =>
      once(`list ${command}`, async () => {
        const args = command.split(" ");
        return offers(args) ? fieldsOf(await esxi.list(args)) : [];
      }),
    get: async (command) =>
      once(`get ${command}`, async () => {
        const args = command.split(" ");
        return offers(args) ? onlyFields(await esxi.ask(args)) : undefined;
      }),
    print: async (...argv) => once(JSON.stringify(argv), async () => (await esxi.run(argv)).stdout),
    tryPrint: async (...argv) =>
      once(`try ${JSON.stringify(argv)}`, async () => {
        const { exitCode, stdout } = await esxi.try(argv);
        return exitCode === 0 ? stdout : "";
      }),
  };
}
