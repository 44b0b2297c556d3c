import { createLogger, type Logger } from "@salvo/shared/log/logger.ts";

export function cliLogger(): Logger {
  return createLogger({ name: "salvo" });
}
