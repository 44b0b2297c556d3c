import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The real fio, which is not started before it may: so long its agent arms. */
export interface SlowFio extends AsyncDisposable {
  readonly path: string;
  /** It has been asked for. */
  readonly waits: boolean;
  goOn(): Promise<void>;
}

export async function slowFio(): Promise<SlowFio> {
  const folder = await mkdtemp(join(tmpdir(), "salvo-fio-"));
  const path = join(folder, "fio");
  const script = `#!/bin/sh
if [ "$1" != --version ]; then
  touch ${folder}/waits
  until [ -e ${folder}/go ]; do sleep 0.05; done
fi
exec fio "$@"
`;
  await writeFile(path, script, { mode: 0o755 });
  return {
    path,
    get waits() {
      return existsSync(join(folder, "waits"));
    },
    goOn: () => writeFile(join(folder, "go"), ""),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
