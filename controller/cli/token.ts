import { loadLab } from "@salvo/shared/config/files.ts";
import { formatAddress } from "@salvo/shared/kernel/address.ts";
import { ROLE_NAMES } from "@salvo/shared/config/role.ts";
import { TOKEN_LIFE_MAX_MS } from "@salvo/shared/identity/token.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { DEFAULT_PORT } from "./enrol.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { Io } from "./io.ts";
import { openLabOf } from "./lab.ts";

export interface TokenCommand {
  readonly lab: string;
  readonly agent: string;
  readonly role: readonly string[];
}

/** The token on stdout, and nothing else there; what to do with it on stderr. */
export async function printToken({ lab: file, agent, role }: TokenCommand, io: Io): Promise<number> {
  const { message } = await loadLab(file);
  const roles = [...new Set(role.flatMap((each) => each.split(",")))];
  const unknown = roles.filter((each) => !ROLE_NAMES.includes(each));
  if (unknown.length > 0)
    throw new SalvoError("invalid-input", `there is no role ${unknown.join(", ")}`, {
      remedy: `Roles are ${ROLE_NAMES.join(", ")}`,
    });
  const lab = await openLabOf(file, message);
  const token = await lab.createToken({ agent, roles }, Date.now());
  io.stdout.write(`${token}\n`);
  io.stderr.write(
    `The token works once, within ${TOKEN_LIFE_MAX_MS / 60_000} minutes, while this runs here: salvo enrol --lab ${file}\n` +
      `On the host of ${agent}, put the token into a file and type:\n` +
      `  salvo-agent-guest join --controller ${formatAddress({ host: message.host, port: DEFAULT_PORT })} --token-file FILE --dir identity\n`,
  );
  return EXIT.ok.code;
}
