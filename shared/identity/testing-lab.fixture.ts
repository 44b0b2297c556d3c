/** A lab of certificates for tests, with agents that need not come and join. */
import { join } from "node:path";
import { AGENT_LIFE_MS } from "./life.ts";
import { initLabFolder, type LabFolder } from "./lab-folder.ts";
import { writeIdentity } from "./own.ts";
import type { Credential } from "./pem.ts";
import { createRequest } from "./request.ts";
import { parseToken } from "./token.ts";

export interface TestLab extends LabFolder {
  readonly folder: string;
  /** What `join` would have got and written. */
  enrol(agent: string, options?: EnrolOptions): Promise<Credential>;
  /** Of an agent that was enrolled, but not written down anywhere; with dates or a name of its own it may be one that the lab would not give. */
  issue(agent: string, options?: { readonly nowMs?: number; readonly roles?: readonly string[] }): Promise<Credential>;
}

interface EnrolOptions {
  readonly roles?: readonly string[];
  readonly folder?: string;
  /** When it joined. */
  readonly nowMs?: number;
}

export async function testLab(folder: string, name = "bench"): Promise<TestLab> {
  const place = join(folder, "lab");
  const lab = await initLabFolder(place, name, Date.now());
  return {
    ...lab,
    folder: place,
    async enrol(agent, { roles = ["workload"], folder: place, nowMs = Date.now() } = {}) {
      const { id, secret } = parseToken(await lab.createToken({ agent, roles }, nowMs));
      const { key, request } = await createRequest();
      const { certificate } = await lab.join({ id, secret, request, nowMs });
      const credential = { ca: lab.authority.ca, certificate, key };
      if (place !== undefined) await writeIdentity(place, credential);
      return credential;
    },
    issue: (agent, { nowMs = Date.now(), roles = ["workload"] } = {}) =>
      lab.authority.issue({
        identity: { kind: "agent", lab: name, id: agent, roles },
        lifeMs: AGENT_LIFE_MS,
        nowMs,
      }),
  };
}
