/** What the host does when it starts: a block of its own for each lab and agent, in local.sh. */
import type { Maker } from "@salvo/shared/agent/domain/provision/names.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { shellLine } from "@salvo/shared/ssh/quote.ts";
import type { Esxi } from "../esxi.ts";
import type { Facts } from "./facts.ts";
import { LOCAL_SH, readBlocksOf, withBlock } from "./local-sh.ts";
import { confirmed } from "./make.ts";
import type { Op, SetBootCommands } from "./op.ts";
import type { Found, Piece } from "./piece.ts";

const KIND = "boot-commands";
const blockName = ({ lab, agent }: Maker) => `${lab || "-"} ${agent}`;

export async function wantedBootCommands(
  maker: Maker,
  commands: readonly (readonly string[])[],
  needs: readonly string[],
  facts: Facts,
): Promise<Piece[]> {
  if (commands.length === 0) return [];
  const lines = commands.map(shellLine);
  const piece = bootPiece(blockName(maker), lines);
  const warning = (await isSecureBoot(facts)) ? "; SECURE BOOT IS ON, AND THE HOST WILL NOT RUN IT" : "";
  return [{ ...confirmed(piece), text: `${piece.text}${warning}`, needs }];
}

/** A piece that others' agents made is theirs: it has their name. */
export async function foundBootCommands(facts: Facts): Promise<Found[]> {
  const blocks = readBlocksOf(await facts.print("cat", LOCAL_SH));
  return [...blocks].map(([name, lines]) => confirmed(bootPiece(name, lines)));
}

function bootPiece(name: string, lines: readonly string[]) {
  const set = (these: readonly string[]): Op => ({ type: "set-boot-commands", name, lines: these });
  return {
    id: `${KIND} ${name}`,
    kind: KIND,
    text: `${lines.length} ${lines.length === 1 ? "command" : "commands"} that the host runs when it starts`,
    needs: [],
    facts: {},
    settings: { lines: { value: lines.join("\n"), ops: [set(lines)] } },
    make: [set(lines)],
    remove: [set([])],
  };
}

/** ESXi's own program says it. A host without it does not tell, and nothing is made up. */
async function isSecureBoot(facts: Facts): Promise<boolean> {
  return /^Enabled\b/m.test(await facts.tryPrint("/usr/lib/vmware/secureboot/bin/secureBoot.py", "-s"));
}

/**
 * Writes the file in place: a file that is put in its stead loses what marks it for the host's backup, and is gone after the next
 * start. Then the host's state is backed up, which it does by itself only once an hour.
 */
export async function setBootCommands({ name, lines }: SetBootCommands, esxi: Esxi): Promise<void> {
  const { stdout: before } = await esxi.run(["cat", LOCAL_SH]);
  const after = withBlock(before, name, lines);
  if (after === before) return;
  const { stdout: room } = await esxi.run(
    ["sh", "-c", 'cat >"$1.salvo" && wc -c <"$1.salvo"; rm -f "$1.salvo"', "sh", LOCAL_SH],
    {
      stdin: after,
    },
  );
  // A full file system would leave half of the host's own file behind.
  if (Number(room.trim()) !== Buffer.byteLength(after)) throw noRoom(esxi.name);
  await esxi.run(["sh", "-c", 'cat >"$1"', "sh", LOCAL_SH], { stdin: after });
  const { stdout: written } = await esxi.run(["cat", LOCAL_SH]);
  if (written !== after)
    throw new SalvoError("program-failed", `${LOCAL_SH} is not what was written to it`, {
      host: esxi.name,
      remedy: "Look at it on the host: it may have been cut. Then plan again",
    });
  await esxi.run(["/sbin/auto-backup.sh"]);
}

function noRoom(host: string): SalvoError {
  return new SalvoError("out-of-resources", `there is no room for ${LOCAL_SH}, which was left as it was`, {
    host,
    remedy: "Type on the host: vdf -h; and make room in the RAM disk that is full",
  });
}
