/** What an agent said or failed of, with the agent's id before it. Some texts name the agent by themselves. */
export function ofAgent(id: string, text: string): string {
  return text.startsWith(`${id}: `) || text.startsWith(`agent ${id} `) ? text : `${id}: ${text}`;
}
