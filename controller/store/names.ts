import type { DuckDBConnection } from "@duckdb/node-api";
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";

/** Numbers for the texts that rows repeat: a row has the number, and gets the text when its file is written. */
export interface Names {
  agent(id: string): number;
  /** An empty participant stands for the agent itself, whose disk an observer's is. */
  participant(agent: string, id: string): number;
  /** Of disks and network interfaces. */
  text(text: string): number;
  /** Makes the tables agents, participants and texts. */
  write(connection: DuckDBConnection): Promise<void>;
}

export function createNames({ run, agents, participants }: RunSpec): Names {
  const agentKeys = new Map(agents.map(({ id }, key) => [id, key]));
  const participantKeys = new Map(participants.map(({ id }, key) => [id, key]));
  const texts = new Map<string, number>();

  function keyOf(id: string, known: ReadonlyMap<string, number>): number {
    const key = known.get(id);
    assert(key !== undefined, `${id} is not in run ${run}`);
    return key;
  }

  return {
    agent: (id) => keyOf(id, agentKeys),
    participant: (agent, id) =>
      id === "" ? participants.length + keyOf(agent, agentKeys) : keyOf(id, participantKeys),
    text(text) {
      const known = texts.get(text);
      if (known !== undefined) return known;
      texts.set(text, texts.size);
      return texts.size - 1;
    },
    async write(connection) {
      await fill(
        connection,
        "agents",
        ["run", "agent"],
        agents.map(({ id }) => [run, id]),
      );
      const rows = [
        ...participants.map(({ id, agent, device }) => [run, id, agent, device]),
        ...agents.map(({ id }) => [run, "", id, ""]),
      ];
      await fill(connection, "participants", ["run", "participant", "agent", "device"], rows);
      await fill(
        connection,
        "texts",
        ["text"],
        [...texts.keys()].map((text) => [text]),
        "name",
      );
    },
  };
}

async function fill(
  connection: DuckDBConnection,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  key = "key",
): Promise<void> {
  await connection.run(`CREATE TABLE ${table} (${key} UINTEGER, ${columns.join(" VARCHAR, ")} VARCHAR)`);
  const appender = await connection.createAppender(table);
  for (const [number, texts] of rows.entries()) {
    appender.appendUInteger(number);
    for (const text of texts) appender.appendVarchar(text);
    appender.endRow();
  }
  appender.closeSync();
}
