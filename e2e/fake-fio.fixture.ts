import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What goes wrong when it is asked to run; `well` is the real fio. */
const SCRIPTS = {
  well: 'exec fio "$@"',
  fails: "echo 'fio: pid=1, err=1/file:filesetup.c:1, func=open, error=Operation not permitted' >&2; exit 1",
  /** The real one, told something it does not know. */
  "bad option": 'echo no_such_option=1 >> "$job"; exec fio "$@"',
  "exits at once": "exit 0",
  "prints garbage": "echo Segmentation fault at 0xdead; exit 0",
  /** The real one goes through its gate and then fails its prerun: it exits with 0. */
  "does no I/O": 'sed -i \'s/^exec_prerun=.*/& \\&\\& false/\' "$job"; exec fio "$@"',
  "hangs before its gate": "exec sleep 1000",
  /** The real one, which goes on and on. */
  "does not end": 'sed -i \'s/^runtime=.*/runtime=1000s/\' "$job"; exec fio "$@"',
  /** The real one does its I/O, and hears no signal but the last. */
  "ignores dumps": 'trap : USR1; fio "$@" & until wait $!; [ $? -lt 128 ]; do :; done',
  "answers dumps with garbage": `trap 'echo "{ \\"fio version\\": oops }"' USR1; fio "$@" > /dev/null & until wait $!; [ $? -lt 128 ]; do :; done`,
} as const;

export type FioFault = keyof typeof SCRIPTS;

/** Stands in for fio where it must fail. */
export interface FakeFio extends AsyncDisposable {
  readonly path: string;
  /** From its next start on. */
  runs(how: FioFault): Promise<void>;
  says(version: string): Promise<void>;
}

export async function fakeFio(): Promise<FakeFio> {
  const folder = await mkdtemp(join(tmpdir(), "salvo-fake-fio-"));
  const path = join(folder, "fio");
  let version = "fio-3.33";
  let fault: FioFault = "well";
  const write = () =>
    writeFile(
      path,
      `#!/bin/sh
if [ "$1" = --version ]; then echo ${version}; exit; fi
for job; do :; done
${SCRIPTS[fault]}
`,
      { mode: 0o755 },
    );
  await write();
  return {
    path,
    runs: (how) => ((fault = how), write()),
    says: (text) => ((version = text), write()),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
