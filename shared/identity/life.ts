/** How long certificates of agents are good for. */
export const AGENT_LIFE_MS = 24 * 60 * 60 * 1000;
/** So long after its end one still gets its successor, from a controller that finds the agent where the lab file says. */
export const AGENT_LAPSE_MS = 30 * 24 * 60 * 60 * 1000;
