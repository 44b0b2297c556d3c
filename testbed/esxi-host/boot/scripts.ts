/** Programs of the host that need no state: as scripts of its own shell. */
import type { HostState } from "../state/state.ts";
import { FACTS } from "../versions.ts";

export function shellScripts(state: HostState): Readonly<Record<string, string>> {
  const { version, build } = FACTS[state.version];
  const release = `#1 SMP Release ${build.replace("Releasebuild", "build")}`;
  return {
    "bin/uname": `#!/bin/sh
case "\${1:--s}" in
  -s) echo VMkernel ;;
  -r) echo ${version} ;;
  -n) hostname ;;
  -m | -p | -i) echo x86_64 ;;
  -o) echo ESXi ;;
  -v) echo "${release}" ;;
  -a) echo "VMkernel $(hostname) ${version} ${release} x86_64 x86_64 x86_64 ESXi" ;;
  *) echo "uname: invalid option -- '\${1#-}'" >&2; exit 1 ;;
esac
`,
  };
}
