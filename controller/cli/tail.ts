import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { RecordSchema } from "@salvo/proto/telemetry_pb.ts";
import { type BusStatus, connectBus } from "@salvo/shared/bus/connection.ts";
import { consumeRun } from "@salvo/shared/bus/consume.ts";
import { loadLab } from "@salvo/shared/config/files.ts";
import { natsTls } from "@salvo/shared/identity/nats.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { lastNatsUrl } from "../service/nats-server.ts";
import { EXIT } from "./exit.ts";
import type { Io } from "./io.ts";
import { openLabOf } from "./lab.ts";
import { type TailFormat, tailHeader, tailLines } from "./tail-format.ts";

export interface TailCommand {
  readonly lab: string;
  readonly data: string;
  readonly run?: string;
  readonly format: TailFormat;
  readonly kind?: readonly string[];
}

/** What the lab's stream has, and then what comes, until Ctrl-C. The controller that runs the study need not know of it. */
export async function tailRecords({ lab: file, data, run, format, kind }: TailCommand, io: Io): Promise<number> {
  const { message: lab } = await loadLab(file);
  const url = lab.nats?.url ?? (await lastNatsUrl(join(data, "nats")));
  const identities = await openLabOf(file, lab);
  const stop = new AbortController();
  const onSignal = () => stop.abort(new SalvoError("cancelled", "stopped"));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, onSignal);
  io.stderr.write(`listening to ${url}; Ctrl-C ends\n`);

  const header = tailHeader(format);
  if (header !== undefined) io.stdout.write(`${header}\n`);
  const seen = new Set<string>();
  try {
    await using bus = await connectBus({
      url,
      name: `tail-${process.pid}`,
      tls: natsTls(identities.lab, identities.controller),
      signal: stop.signal,
      onStatus: onceMissing(() => io.stderr.write(`there is no NATS server at ${url} now; waiting for one\n`)),
    });
    for await (const message of consumeRun({ bus, lab: lab.name, run, signal: stop.signal })) {
      if (kind && !kind.includes(message.kind)) continue;
      const id = `${message.run} ${message.agent} ${message.seq}`;
      if (seen.has(id)) continue;
      seen.add(id);
      const record = fromBinary(RecordSchema, message.payload);
      const lines = tailLines(format, { run: message.run, agent: message.agent, wallNs: message.storedAtNs, record });
      for (const line of lines) io.stdout.write(`${line}\n`);
    }
  } catch (error) {
    if (!stop.signal.aborted) throw toSalvoError(error);
  }
  return EXIT.ok.code;
}

/** Tells of the first failed attempt; the many that may follow say nothing new. */
function onceMissing(tell: () => void): (status: BusStatus) => void {
  let told = false;
  return ({ type }) => {
    if (type === "disconnected" && !told) tell();
    told = type === "disconnected";
  };
}
