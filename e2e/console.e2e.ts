/** The console in a real browser: an operator signs in, starts a study, watches it, and opens its report. */
import { mkdir, rename } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, startLab } from "./lab.ts";
import type { TestProcess } from "./process.ts";

let lab: Lab;
let serving: TestProcess;
let browser: Browser;
let url: string;
/** Signed in by the first test. */
let context: BrowserContext;

beforeAll(async () => {
  lab = await startLab({ agents: 2 });
  const studies = join(lab.folder, "studies");
  await mkdir(studies);
  const duration = "6s";
  const shape = { interval: "250ms", workloads: [{ name: "short", pattern: "randread", blockSize: "4KiB", duration }] };
  await rename(await lab.writeStudy(shape), join(studies, "short.yaml"));
  const long = { ...shape, workloads: [{ ...shape.workloads[0], name: "long", duration: "600s" }] };
  await rename(await lab.writeStudy(long), join(studies, "long.yaml"));
  const args = ["--lab", lab.labFile, "--data", lab.dataDir, "--studies", studies, "--listen", "127.0.0.1:0"];
  serving = lab.start(["serve", ...args]);
  url = await newLink();
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1440, height: 900 } });
});
afterAll(async () => {
  await browser?.close();
  await lab?.[Symbol.asyncDispose]();
});

async function newLink(): Promise<string> {
  const printed = await serving.printed(/https:\/\/\S+#\S+\n/);
  return /https:\/\/\S+#\S+/.exec(printed)?.[0] ?? "";
}

/** Everything that the page asked for, and what the browser had against it. */
interface Opened {
  readonly page: Page;
  readonly asked: string[];
  readonly complaints: string[];
}

async function open(context: BrowserContext, address: string): Promise<Opened> {
  const page = await context.newPage();
  const [asked, complaints]: [string[], string[]] = [[], []];
  page.on("request", (each) => void asked.push(new URL(each.url()).host));
  page.on("console", (each) => void (each.type() === "error" && complaints.push(each.text())));
  page.on("pageerror", (error) => void complaints.push(String(error)));
  await page.goto(address);
  return { page, asked, complaints };
}

test("an operator signs in, starts a study, watches it, and opens its report; a second page sees the same", async () => {
  const { page, asked, complaints } = await open(context, url);
  await startStudy(page, "short.yaml");
  const other = await open(context, new URL("/", url).href);
  const pages = [page, other.page];
  await Promise.all(pages.map((each) => each.locator(".tiles dd").first().filter({ hasText: /[1-9]/ }).waitFor()));
  const verdict = (each: Page) => each.locator("table .verdict").first();
  await Promise.all(pages.map((each) => verdict(each).waitFor({ timeout: 60_000 })));
  const verdicts = await Promise.all(pages.map((each) => verdict(each).textContent()));
  expect(verdicts[0]).toMatch(/complete|degraded/);
  expect(verdicts[1]).toBe(verdicts[0]);
  await page.getByRole("navigation").getByText("Results").click();
  await page.getByRole("checkbox").first().check();
  const [report] = await Promise.all([context.waitForEvent("page"), page.getByText("Report of 1 run").click()]);
  await report.getByRole("heading", { level: 1 }).waitFor();
  await page.getByRole("navigation").getByText("Lab").click();
  await page.getByText("2 of 2 agents answer").waitFor();
  expect(new Set([...asked, ...other.asked])).toEqual(new Set([new URL(url).host]));
  expect([...complaints, ...other.complaints]).toEqual([]);
});

test("a link works once; without a session, and from another page, nothing is answered", async () => {
  await using stranger = await browser.newContext({ ignoreHTTPSErrors: true });
  const { page } = await open(stranger, url); // used by the test above
  await page.getByText("This link was used, or is too old").waitFor();
  expect(await answer("GET", "/api/agents")).toMatchObject({ status: 401 });
  expect(await answer("POST", "/api/start", { host: "evil.example" })).toMatchObject({ status: 421 });
  const { headers } = await answer("GET", "/");
  expect(headers["content-security-policy"]).toContain("default-src 'none'; script-src 'self'");
});

test("an address that browsers cannot be told, and one that is taken, are refused with what to do", async () => {
  const serve = (listen: string) =>
    lab.salvo(["serve", "--lab", lab.labFile, "--studies", lab.folder, "--listen", listen]);
  expect(await serve("0.0.0.0:0")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("--listen 192.168.10.5:8443"),
  });
  const taken = await serve(new URL(url).host);
  expect(taken).toMatchObject({ exitCode: 6, stderr: expect.stringContaining("End the program that listens there") });
});

test("Ctrl-C stops the study that runs in order, and its run is sealed", async () => {
  const { page } = await open(context, new URL("/", url).href);
  await startStudy(page, "long.yaml");
  await page.locator(".tiles dd").first().filter({ hasText: /[1-9]/ }).waitFor();
  serving.kill("SIGINT");
  expect(await serving.ended).toMatchObject({ exitCode: 0 });
  await lab.nothingLeft();
  expect(await lab.query("SELECT workload, verdict FROM runs ORDER BY workload DESC")).toEqual([
    expect.objectContaining({ workload: "short" }),
    { workload: "long", verdict: "aborted" },
  ]);
});

async function startStudy(page: Page, file: string): Promise<void> {
  await page.getByRole("navigation").getByText("Studies").click();
  await page.getByRole("button", { name: `Start ${file}` }).click();
}

function answer(method: string, path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown> }>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const asked = request({ hostname, port, path, method, headers, rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    });
    asked.on("error", reject);
    asked.end();
  });
}
