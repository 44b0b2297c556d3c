/** Programs that a target's agent runs on a simulated kernel. */
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { CONFIG, inside, isFolder, no, type Nodes, TARGET } from "./simulated-tree.fixture.ts";

export function runProgram(nodes: Nodes, program: string, args: readonly string[]): void {
  const [first = "", second = "", third = ""] = args;
  if (program === "modprobe") {
    const core = /^(target_core_|iscsi_target_mod|ib_isert|tcm_loop)/.test(first);
    nodes.set(`/sys/module/${first}`, undefined);
    if (first === "nvmet")
      for (const folder of ["", "/hosts", "/ports", "/subsystems"]) nodes.set(`${CONFIG}/nvmet${folder}`, undefined);
    if (first === "null_blk") nodes.set(`${CONFIG}/nullb`, undefined);
    if (core && isFolder(nodes, "/sys/kernel/config")) {
      nodes.set("/sys/module/target_core_mod", undefined);
      nodes.set(TARGET, undefined).set(`${TARGET}/core`, undefined).set(`${TARGET}/core/alua`, undefined);
    }
  } else if (program === "mount") {
    if (!nodes.has("/sys/module/configfs")) throw no("ENOENT");
    nodes.set("/sys/kernel/config", undefined);
    nodes.set("/proc/self/mounts", "configfs /sys/kernel/config configfs rw 0 0\n");
  } else if (program === "mkdir") nodes.set(third === "" ? second : (args.at(-1) ?? ""), undefined);
  else if (program === "truncate" || program === "fallocate") nodes.set(third, "x".repeat(Number(second)));
  else if (program === "dmsetup" && first === "remove") {
    if (!nodes.delete(`/dev/mapper/${second}`)) throw no("ENXIO");
    for (const path of inside(nodes, "/sys/block").filter((each) => each.startsWith(`/sys/block/dm-${second}`)))
      nodes.delete(path);
  } else throw new SalvoError("not-found", `no program ${program}`);
}
