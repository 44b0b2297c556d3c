import { assert, property, string } from "fast-check";
import { expect, test } from "vitest";
import { escapeHtml, html, trusted } from "./html.ts";

test("texts and numbers are escaped, markup and lists of it are placed, nothing is left of undefined and false", () => {
  const items = ["a", "<b>"].map((name) => html`<li>${name}</li>`);
  expect(html`<p title="${'"'}">${items}${trusted("<hr>")}${undefined}${false}${0}</p>`.markup).toBe(
    '<p title="&#34;"><li>a</li><li>&#60;b&#62;</li><hr>0</p>',
  );
});

test("no text whatever leaves an element or a quoted attribute", () => {
  assert(property(string(), (text) => !/[<>"'`]/.test(escapeHtml(text))));
});
