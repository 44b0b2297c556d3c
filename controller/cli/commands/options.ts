/** Options that several commands share, and how a command ends. */
import { Option } from "commander";
import type { Io } from "../io.ts";

export const labOption = () =>
  new Option("--lab <FILE>", "the lab file: agents and where they are").env("SALVO_LAB").makeOptionMandatory();

export const dataOption = () =>
  new Option("--data <DIR>", "the controller's data folder").env("SALVO_DATA").default("salvo-data");

export const jsonOption = (what: string) => new Option("--json", what);

/** The action of a command: what it gives becomes the exit code. */
export function exitWith<Args extends unknown[]>(io: Io, command: (...args: Args) => Promise<number>) {
  return async (...args: Args) => {
    io.exitCode = await command(...args);
  };
}
