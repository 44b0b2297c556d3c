/**
 * The NUMA node of StarWind's targets: node="1" in <targets> of StarWind.cfg. No StarWind was here to confirm the layout: it is
 * what the article says that this project grew from. So the file must have exactly one such section, or it is left alone.
 */
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { type StartTag, startTags } from "./xml-tags.ts";

const SECTION = "targets";
const ATTRIBUTE = "node";

/**
 * The file with the node set: the attribute's value is all that changes, or the attribute all that is added. The same bytes when
 * it is set already. Throws `refused` or `corrupt`, and says why the file is left alone.
 */
export function withTargetsNode(file: Buffer, node: number): Buffer {
  const { mark, text, encode } = decode(file);
  const sections = startTags(text).filter(({ name }) => name === SECTION);
  const [section, ...others] = sections;
  if (!section) throw refused(`it has no <${SECTION}> section`);
  if (others.length > 0) throw refused(`it has ${sections.length} <${SECTION}> sections`);
  return Buffer.concat([mark, encode(edited(text, section, String(node)))]);
}

/** What the file says now; undefined when it does not say. Throws as withTargetsNode does. */
export function targetsNode(file: Buffer): string | undefined {
  const section = startTags(decode(file).text).find(({ name }) => name === SECTION);
  return section?.attributes.find(({ name }) => name === ATTRIBUTE)?.value;
}

function edited(text: string, { nameEnd, attributes }: StartTag, node: string): string {
  const found = attributes.find(({ name }) => name === ATTRIBUTE);
  if (!found) return `${text.slice(0, nameEnd)} ${ATTRIBUTE}="${node}"${text.slice(nameEnd)}`;
  return text.slice(0, found.valueStart) + node + text.slice(found.valueStart + found.value.length);
}

interface Decoded {
  /** The byte order mark, where there is one. */
  readonly mark: Buffer;
  readonly text: string;
  readonly encode: (text: string) => Buffer;
}

const MARKS = { utf8: "efbbbf", utf16le: "fffe", utf16be: "feff" } as const;

/** Every byte comes back as it was: tags are ASCII, so the characters of UTF-8 and of code pages need not be understood. */
function decode(file: Buffer): Decoded {
  const startsWith = (hex: string) => file.subarray(0, hex.length / 2).toString("hex") === hex;
  const bytes = (at: number) => ({ mark: file.subarray(0, at), rest: file.subarray(at) });
  if (startsWith(MARKS.utf16le) || startsWith("3c00")) {
    const { mark, rest } = bytes(startsWith(MARKS.utf16le) ? 2 : 0);
    return { mark, text: evenly(rest).toString("utf16le"), encode: (text) => Buffer.from(text, "utf16le") };
  }
  if (startsWith(MARKS.utf16be) || startsWith("003c")) {
    const { mark, rest } = bytes(startsWith(MARKS.utf16be) ? 2 : 0);
    const text = Buffer.from(evenly(rest)).swap16().toString("utf16le");
    return { mark, text, encode: (edited) => Buffer.from(edited, "utf16le").swap16() };
  }
  const { mark, rest } = bytes(startsWith(MARKS.utf8) ? 3 : 0);
  if (rest.includes(0)) throw refused("it is in no encoding that Salvo knows: it has a byte 0");
  return { mark, text: rest.toString("latin1"), encode: (text) => Buffer.from(text, "latin1") };
}

function evenly(bytes: Buffer): Buffer {
  if (bytes.length % 2 === 0) return bytes;
  throw new SalvoError("corrupt", "it is UTF-16 with half a character at its end");
}

function refused(why: string): SalvoError {
  return new SalvoError("refused", why, {
    remedy: `Set ${ATTRIBUTE}="1" in <${SECTION}> by hand, with StarWind's service stopped`,
  });
}
