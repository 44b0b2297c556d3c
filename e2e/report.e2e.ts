import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { abortedRun, exampleRun } from "@salvo/controller/report/example.ts";
import { renderReport } from "@salvo/controller/report/report.ts";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

/** What is left of an A4 sheet between the margins, at 96 px an inch. */
const A4_PX = 688;

let folder: string;
let browser: Browser;
let address: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-report-"));
  const file = join(folder, "report.html");
  address = pathToFileURL(file).href;
  const apart = exampleRun({ run: "r-3", scenario: "iser", apart: true, cores: 8, idleTick: 9, stalledTick: 14 });
  await writeFile(
    file,
    renderReport([exampleRun(), exampleRun({ repeat: 2, run: "r-2" }), apart, abortedRun({ run: "r-4" })]),
  );
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true });
});

test("the edge at which a table goes on is shaded until it ends there", async () => {
  const { page } = await open(420, "light");
  const table = page.locator(".table").first();
  await table.scrollIntoViewIfNeeded();
  /** What is painted in the table's last column of pixels, as an image: shaded unless all of it is paper. */
  const edge = async () => {
    const box = (await table.boundingBox())!;
    return page.screenshot({ clip: { x: box.x + box.width - 2, y: box.y + 4, width: 2, height: 8 } });
  };
  await table.locator("table").evaluate((inside) => (inside.style.visibility = "hidden")); // what it says is no shade
  const before = await edge();
  await table.evaluate((element) => element.scrollTo({ left: element.scrollWidth }));
  const after = await edge();
  expect(before.equals(after)).toBe(false);
  await page.close();
});

for (const [width, colorScheme] of [
  [1280, "light"],
  [1280, "dark"],
  [420, "light"],
  [420, "dark"],
] as const) {
  test(`at ${width} px, ${colorScheme}, every chart is drawn, nothing overflows, nothing is asked of the network`, async () => {
    const { page, asked, complaints } = await open(width, colorScheme);
    const shown = width > 700 ? "svg.wide" : "svg.narrow";
    const charts = await page.locator(`figure > ${shown}`).all();
    const sizes = await Promise.all(charts.map((chart) => chart.boundingBox()));
    expect(sizes.length).toBeGreaterThan(15);
    for (const size of sizes) {
      expect(size?.width).toBeGreaterThan(300);
      expect(size?.height).toBeGreaterThan(80);
    }
    expect(await page.locator("figure > svg:visible").count()).toBe(sizes.length);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    expect(asked).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });
}

test("text and lines stand out from the paper in light and in dark", async () => {
  for (const scheme of ["light", "dark"] as const) {
    const { page } = await open(1280, scheme);
    const paper = await luminance(page, "body", "background-color");
    for (const [selector, least] of [
      ["h1", 7],
      ["figcaption p", 4.5],
      ["figure svg.wide text", 4.5],
      ["thead th", 4.5],
      [".reason", 4.5],
    ] as const) {
      const property = selector.endsWith("text") ? "fill" : "color";
      const ink = await luminance(page, selector, property);
      const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
      expect(contrast, `${selector}, ${scheme}`).toBeGreaterThan(least);
    }
    await page.close();
  }
});

test("on paper the wide charts are shown, in light colours, even when the screen is dark, and nothing is cut off", async () => {
  const { page } = await open(A4_PX, "dark");
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  expect(await luminance(page, "body", "background-color")).toBeGreaterThan(0.9);
  expect(await page.locator("figure > svg.wide").first().isVisible()).toBe(true);
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(A4_PX);
  await page.close();
});

/** Opens the report with every request but its own refused and noted. */
async function open(width: number, colorScheme: "light" | "dark") {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, offline: true });
  const asked: string[] = [];
  const complaints: string[] = [];
  await page.route("**/*", async (route) => {
    if (route.request().url() === address) return route.continue();
    asked.push(route.request().url());
    return route.abort();
  });
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(address);
  return { page, asked, complaints };
}

/** Relative luminance of an element's colour, as WCAG 2 defines it. */
async function luminance(page: Page, selector: string, property: string): Promise<number> {
  const value = String(await page.evaluate(`getComputedStyle(document.querySelector("${selector}"))["${property}"]`));
  const [red = 0, green = 0, blue = 0] = (value.match(/\d+/g) ?? []).map((part) => {
    const channel = Number(part) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
