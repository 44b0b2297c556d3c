import { levels, pino, stdTimeFunctions, type Logger as PinoLogger } from "pino";
import { SalvoError } from "../kernel/error.ts";
import { terminalText } from "../kernel/terminal-text.ts";
import { type Destination, neverFailing, standardError } from "./destination.ts";
import { presentableEntries } from "./presentable.ts";

type Write = (fieldsOrErrorOrMessage: object | string, message?: string) => void;

export interface Logger {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  /** One that adds these fields to each of its lines. */
  child(fields: object): Logger;
}

export interface LoggerOptions {
  /** Who speaks: salvo, agent, controller. */
  readonly name: string;
  /** The least level that is written when SALVO_LOG does not say; `warn` when absent. */
  readonly level?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where lines go; stderr when absent. */
  readonly destination?: Destination;
}

/**
 * A logger of JSON lines. Each line is written before the call returns, so none is lost when the process ends, however it
 * ends; a stderr that nobody reads therefore blocks. A line that cannot be written ends nothing (destination.ts). Secrets are found by the keys of logged objects, not in messages:
 * put values into the object. Errors go under `err`, or alone: `log.error(error)`.
 *
 * Throws `invalid-input` when the level, SALVO_LOG or the option, is none.
 */
export function createLogger({ name, level = "warn", env = process.env, ...to }: LoggerOptions): Logger {
  const log = pino(
    {
      name,
      level: checkLevel(env["SALVO_LOG"] || level),
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: presentableEntries,
      },
      // It has been made presentable already.
      serializers: { err: (error: unknown) => error },
    },
    visible(neverFailing(to.destination ?? standardError)),
  );
  return wrap(log);
}

/** JSON leaves DEL, C1 and marks of direction as they are, and people read logs on terminals. */
function visible(to: Destination): Destination {
  return { write: (line) => to.write(terminalText(line)) };
}

function wrap(log: PinoLogger): Logger {
  return {
    debug: log.debug.bind(log),
    info: log.info.bind(log),
    warn: log.warn.bind(log),
    error: log.error.bind(log),
    // pino's formatters pass over what a child is made with.
    child: (fields) => wrap(log.child(presentableEntries(fields))),
  };
}

function checkLevel(level: string): string {
  const known = [...Object.keys(levels.values), "silent"];
  if (known.includes(level)) return level;
  throw new SalvoError("invalid-input", `there is no log level ${level}`, {
    remedy: `Set SALVO_LOG to one of ${known.join(", ")}`,
  });
}
