import { useState } from "preact/hooks";
import type { AgentState } from "../state.ts";
import { get } from "./api.ts";
import { useFetched } from "./use-state.ts";

/** Every agent of the lab, as it answers now. */
export function Lab() {
  const [asked, setAsked] = useState(0);
  const { value: agents, problem } = useFetched(() => get<AgentState[]>("/api/agents"), asked);
  if (problem !== undefined) return <p class="problem">{problem}</p>;
  if (!agents) return <p class="quiet">Asking the agents …</p>;
  return (
    <section aria-label="Agents">
      <div class="row">
        <span class="quiet">
          {agents.filter(({ isWell }) => isWell).length} of {agents.length} agents answer
        </span>
        <button type="button" onClick={() => setAsked(asked + 1)}>
          Ask again
        </button>
      </div>
      <div class="wide">
        <table>
          <thead>
            <tr>
              <th>agent</th>
              <th>state</th>
              <th>roles</th>
              <th>host</th>
              <th class="number">cores</th>
              <th>fio</th>
              <th>devices</th>
              <th>version</th>
            </tr>
          </thead>
          <tbody>
            {agents.map((agent) => (
              <tr key={agent.id}>
                <td>
                  {agent.id}
                  <div class="quiet">{agent.address}</div>
                </td>
                <td class={agent.isWell ? "" : "problem"}>{agent.state}</td>
                <td>{agent.roles.join(", ")}</td>
                <td>
                  {agent.host}
                  <div class="quiet">{agent.os}</div>
                </td>
                <td class="number">{agent.cores ?? "-"}</td>
                <td>{agent.fio}</td>
                <td>{agent.devices.join(", ")}</td>
                <td>{agent.version}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
