import { type Item, itemOf, unreadable, type Value } from "./answer.ts";

interface Node {
  readonly name: string;
  readonly attribute: string;
  readonly children: Node[];
  text: string;
}

/** Of the esxcli formatter alone: elements with at most one attribute, and text. */
const TOKEN = /<\?[^>]*\?>|<!--[\s\S]*?-->|<(\/?)([A-Za-z][\w-]*)((?:\s+[\w:]+="[^"]*")*)\s*(\/?)>|[^<]+/gy;

/** `esxcli --formatter=xml`: output, with or without root, a list of structures with fields; or one structure, or one value. */
export function readXml(text: string): Item[] {
  const output = parse(text);
  const inner = only(output.name === "output" ? output : undefined, text);
  const body = inner.name === "root" ? only(inner, text) : inner;
  const things = body.name === "list" ? body.children : [body];
  return things.map((thing) => {
    if (thing.name !== "structure") return itemOf(thing.text, []);
    return itemOf(
      "",
      thing.children.map((field) => {
        if (field.name !== "field") throw unreadable(text, `a structure has a ${field.name}`);
        return [field.attribute, valueOf(field)];
      }),
    );
  });
}

function valueOf(field: Node): Value {
  const [first] = field.children;
  if (!first) return field.text;
  return first.name === "list" ? first.children.map((each) => each.text) : first.text;
}

function only(node: Node | undefined, text: string): Node {
  const [child, ...others] = node?.children ?? [];
  if (child && others.length === 0) return child;
  throw unreadable(text, "this is not what the xml formatter prints");
}

function parse(text: string): Node {
  const top: Node = { name: "", attribute: "", children: [], text: "" };
  const open = [top];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    const parent = open.at(-1);
    if (!match || !parent) throw unreadable(text, "this is no XML");
    const [token, closes, name, attributes = "", isEmpty] = match;
    if (name === undefined) {
      if (!token.startsWith("<")) parent.text += unescaped(token);
    } else if (closes === "/") {
      if (open.length === 1 || parent.name !== name) throw unreadable(text, `</${name}> closes what is not open`);
      open.pop();
    } else {
      const node: Node = { name, attribute: attributeOf(attributes), children: [], text: "" };
      parent.children.push(node);
      if (isEmpty !== "/") open.push(node);
    }
  }
  const [document, ...others] = top.children;
  if (open.length === 1 && document && others.length === 0) return document;
  throw unreadable(text, "the XML is not whole");
}

/** name="Admin Status" of a field; what others have is of no use. */
function attributeOf(attributes: string): string {
  return unescaped(/\sname="([^"]*)"/.exec(attributes)?.[1] ?? "");
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replaceAll(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex?: string, decimal?: string, name = "") => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return ENTITIES[name] ?? whole;
  });
}
