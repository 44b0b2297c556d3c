/** The smallest things that are done to a Linux host. Data: to be shown, hashed, logged and then performed as they are. */
/** What needs nothing but the host, and secrets. Each role has more of its own: target/op.ts, initiator/op.ts. */
export type PlainOp =
  | { readonly type: "mkdir" | "rmdir" | "unlink" | "remove"; readonly path: string }
  | {
      readonly type: "write";
      readonly path: string;
      readonly value: string;
      /** The CPUs to do it on. */ readonly cpus?: string;
    }
  /** The first line of a file in the agent's own folder of secrets; it is in no message and in no log. */
  | { readonly type: "write-secret"; readonly path: string; readonly secret: string }
  /** The same, as the value of a setting at the end of a file: "KEY = SECRET". */
  | { readonly type: "append-secret"; readonly path: string; readonly key: string; readonly secret: string }
  | { readonly type: "symlink"; readonly path: string; readonly target: string }
  | {
      readonly type: "run";
      readonly program: string;
      readonly args: readonly string[];
      /** How a line ends that it must print, besides succeeding. */
      readonly prints?: string;
    };

/** As a shell would be told it. Nothing is ever done through a shell; what no program does is a comment. */
export function describePlain(op: PlainOp): string {
  switch (op.type) {
    case "mkdir":
    case "rmdir":
    case "unlink":
      return `${op.type} ${quoted(op.path)}`;
    case "remove":
      return `rm -f ${quoted(op.path)}`;
    case "write": {
      const write = `echo -n ${quoted(op.value)}`;
      if (op.cpus === undefined) return `${write} > ${quoted(op.path)}`;
      return `${write} | taskset --cpu-list ${op.cpus} tee ${quoted(op.path)}`;
    }
    case "write-secret":
      return `head -n 1 secrets/${quoted(op.secret)} | tr -d '\\n' > ${quoted(op.path)}`;
    case "append-secret":
      return `echo "${op.key} = $(head -n 1 secrets/${quoted(op.secret)})" >> ${quoted(op.path)}`;
    case "symlink":
      return `ln -s ${quoted(op.target)} ${quoted(op.path)}`;
    case "run": {
      const line = [op.program, ...op.args].map(quoted).join(" ");
      return op.prints === undefined ? line : `${line} | grep -e ${quoted(`${op.prints}$`)}`;
    }
  }
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
