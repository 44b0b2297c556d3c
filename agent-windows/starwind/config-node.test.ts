import * as fc from "fast-check";
import { expect, test } from "vitest";
import { targetsNode, withTargetsNode } from "./config-node.ts";

/** As a file of StarWind's may look: the layout is not confirmed. */
const PLAIN = `<?xml version="1.0" encoding="utf-8"?>
<!-- <targets node="7"> in a comment -->
<starwind>
  <interfaces><interface name="10.0.0.1" port="3260"/></interfaces>
  <targets>
    <target name="iqn.2008-08.com.starwindsoftware:san1-t1" alias='t&lt;1'/>
  </targets>
  <log><![CDATA[<targets>]]></log>
</starwind>
`;

const set = (text: string, node = 1) => withTargetsNode(Buffer.from(text), node).toString();

test("the attribute is added, and every other byte stays", () => {
  expect(set(PLAIN)).toBe(PLAIN.replace("  <targets>\n", '  <targets node="1">\n'));
  expect(targetsNode(Buffer.from(set(PLAIN)))).toBe("1");
  expect(targetsNode(Buffer.from(PLAIN))).toBeUndefined();
});

test.for<[string, string, string]>([
  ["another value", '<c><targets node="0"/></c>', '<c><targets node="1"/></c>'],
  ["the same value", '<c><targets node="1"/></c>', '<c><targets node="1"/></c>'],
  [
    "single quotes and spaces",
    "<c><targets  a='b' node = '' ></targets></c>",
    "<c><targets  a='b' node = '1' ></targets></c>",
  ],
  ["an attribute that only ends so", '<c><targets nodes="3"/></c>', '<c><targets node="1" nodes="3"/></c>'],
  ["attributes over lines", '<c><targets\r\n\ta="1"\r\n/></c>', '<c><targets node="1"\r\n\ta="1"\r\n/></c>'],
  ["an empty section", "<c><targets/></c>", '<c><targets node="1"/></c>'],
  [
    "names that only begin so",
    "<c><targetsOld/><targets></targets></c>",
    '<c><targetsOld/><targets node="1"></targets></c>',
  ],
  ["a > in a value", '<c><targets a="x>y"/></c>', '<c><targets node="1" a="x>y"/></c>'],
])("a section with %s", ([, before, after]) => {
  expect(set(before)).toBe(after);
});

const mark = "\u{feff}";
const big = (text: string) => Buffer.from(text, "utf16le").swap16();

test.for<[string, (text: string) => Buffer]>([
  ["UTF-8", (text) => Buffer.from(text)],
  ["UTF-8 with a mark", (text) => Buffer.from(mark + text)],
  ["UTF-16", (text) => Buffer.from(text, "utf16le")],
  ["UTF-16 with a mark", (text) => Buffer.from(mark + text, "utf16le")],
  ["UTF-16, big end first", big],
  ["UTF-16, big end first, with a mark", (text) => big(mark + text)],
  ["a code page", (text) => Buffer.from(text.replace("ж😀", "\u{e4}"), "latin1")],
])("%s stays what it is, and lines that end in CR and LF too", ([, encode]) => {
  const text = PLAIN.replaceAll("\n", "\r\n").replace("san1", "ж😀");
  const wanted = text.replace("  <targets>\r", '  <targets node="1">\r');
  expect(withTargetsNode(encode(text), 1).equals(encode(wanted))).toBe(true);
});

test.for<[string, string, RegExp]>([
  ["no section", "<c><target/></c>", /^it has no <targets> section$/],
  ["a section in a comment alone", "<c><!--<targets>--></c>", /no <targets> section/],
  ["a section of another case", "<c><Targets/></c>", /no <targets> section/],
  ["two sections", "<c><targets/><targets/></c>", /^it has 2 <targets> sections$/],
  ["a document type", "<!DOCTYPE c><c><targets/></c>", /document type/],
  ["a tag that is never closed", "<c><targets>", /<targets> is never closed/],
  ["tags in disorder", "<c><targets></c></targets>", /<\/c> closes <targets>/],
  ["a comment without an end", "<c><targets/><!-- </c>", /there is no -->/],
  ["an attribute without quotes", "<c><targets node=1/></c>", /does not end as a tag does/],
  ["an attribute twice", '<c><targets node="1" node="2"/></c>', /has node twice/],
  ["nothing", "", /no <targets> section/],
  ["a tag without a name", "<c>< targets/></c>", /a tag has no name/],
])("a file with %s is left alone", ([, text, why]) => {
  expect(() => set(text)).toThrow(why);
});

test("bytes that are no text of these encodings are left alone", () => {
  expect(() => withTargetsNode(Buffer.from("<c>\0<targets/></c>"), 1)).toThrow("a byte 0");
  expect(() => withTargetsNode(Buffer.from("fffe3c0063", "hex"), 1)).toThrow("half a character");
});

test("whatever else is in the file: the edit adds its own characters and no others, and a second edit changes nothing", () => {
  const words = fc.stringMatching(/^[\w .;äж😀-]{0,12}$/u);
  const piece = fc.oneof(
    words,
    words.map((text) => `<!-- ${text.replaceAll("-", "")}<targets> -->`),
    words.map((text) => `<a b="${text}">${text}</a>`),
    words.map((text) => `<![CDATA[${text}</targets>]]>`),
  );
  const pieces = fc.array(piece, { maxLength: 6 }).map((all) => all.join("\r\n"));
  fc.assert(
    fc.property(pieces, pieces, pieces, fc.boolean(), fc.nat({ max: 63 }), (before, inside, after, wide, node) => {
      const start = `<c>${before}<targets`;
      const end = ` x="1">${inside}</targets>${after}</c>`;
      const encode = (text: string) => (wide ? Buffer.from(mark + text, "utf16le") : Buffer.from(text));
      const once = withTargetsNode(encode(start + end), node);
      expect(once.equals(encode(`${start} node="${node}"${end}`))).toBe(true);
      expect(withTargetsNode(once, node).equals(once)).toBe(true);
    }),
  );
});
