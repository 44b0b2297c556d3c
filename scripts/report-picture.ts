/**
 * Makes docs/pictures/report.png anew: the head of the report that `npm run demo` wrote.
 * Usage: scripts/tool node scripts/report-picture.ts [REPORT.html]
 */
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const root = join(import.meta.dirname, "..");
const report = resolve(process.argv[2] ?? join(root, "salvo-demo/report.html"));
const picture = join(root, "docs/pictures/report.png");

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  const page = await browser.newPage({ viewport: { width: 1100, height: 1150 }, colorScheme: "light" });
  await page.goto(pathToFileURL(report).href);
  await page.evaluate("document.fonts.ready");
  await page.screenshot({ path: picture });
} finally {
  await browser.close();
}
console.log(picture);
