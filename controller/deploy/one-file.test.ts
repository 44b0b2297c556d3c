import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveOneFile } from "./one-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-one-file-"));
  await writeFile(join(folder, "archive.tar.gz"), "the archive");
  await writeFile(join(folder, "secret"), "the secret");
});
afterAll(() => rm(folder, { recursive: true }));

const serving = () =>
  serveOneFile(join(folder, "archive.tar.gz"), {
    host: "127.0.0.1",
    onFailure: (error) => {
      throw error;
    },
  });

test("the one file is there under its own path, and nothing else is", async () => {
  await using file = await serving();
  const at = (path: string, method = "GET") => fetch(`http://127.0.0.1:${file.port}${path}`, { method });
  expect(await (await at(file.path)).text()).toBe("the archive");
  expect((await at(file.path, "HEAD")).headers.get("content-length")).toBe("11");
  const folderOfIt = file.path.replace("archive.tar.gz", "");
  for (const path of [
    "/",
    "/archive.tar.gz",
    folderOfIt,
    `${folderOfIt}secret`,
    `${folderOfIt}..%2fsecret`,
    `${file.path}?`,
  ])
    expect((await at(path)).status, path).toBe(404);
  expect((await at(file.path, "POST")).status).toBe(404);
});

test("each time it is another path, and it ends with its disposal", async () => {
  const first = await serving();
  {
    await using second = await serving();
    expect(second.path).not.toBe(first.path);
  }
  expect(first.path).toMatch(/^\/[\w-]{32}\//);
  await first[Symbol.asyncDispose]();
  await expect(fetch(`http://127.0.0.1:${first.port}${first.path}`)).rejects.toThrow();
});

test("a file that is not there is told by its name", async () => {
  const missing = join(folder, "missing");
  await expect(serveOneFile(missing, { host: "127.0.0.1", onFailure: () => {} })).rejects.toMatchObject({
    kind: "not-found",
    file: missing,
  });
});
