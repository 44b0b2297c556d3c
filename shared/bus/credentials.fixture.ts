/** A NATS as others run it: operator, account and user signed for each other, the way nsc does it (github.com/nats-io/jwt, v2). */
import { nkeys } from "@nats-io/transport-node";
import { createHash } from "node:crypto";

type Key = ReturnType<typeof nkeys.createUser>;

export function seedOf(key: Key): string {
  return new TextDecoder().decode(key.getSeed());
}

export function jwtNats() {
  const operator = nkeys.createOperator();
  const [system, account] = [nkeys.createAccount(), nkeys.createAccount()];
  const user = nkeys.createUser();
  const none = { subs: -1, data: -1, payload: -1 };
  const all = { ...none, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const stored = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const issue = (subject: Key, issuer: Key, name: string, nats: object) => jwt(subject, issuer, { name, nats });
  const userJwt = issue(user, account, "bench", { type: "user", version: 2, ...none });
  return {
    /** For the server's configuration. */
    config: `operator: ${issue(operator, operator, "op", { type: "operator", version: 2 })}
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload: {
  ${system.getPublicKey()}: ${issue(system, operator, "SYS", { type: "account", version: 2, limits: all })}
  ${account.getPublicKey()}: ${issue(account, operator, "lab", { type: "account", version: 2, limits: { ...all, ...stored } })}
}
`,
    /** What nsc writes for a user. */
    credentials: `-----BEGIN NATS USER JWT-----\n${userJwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seedOf(user)}\n------END USER NKEY SEED------\n`,
  };
}

function jwt(subject: Key, issuer: Key, { name, nats }: { readonly name: string; readonly nats: object }): string {
  const claims = { iat: Math.floor(Date.now() / 1000), iss: issuer.getPublicKey(), sub: subject.getPublicKey() };
  const jti = createHash("sha256").update(JSON.stringify(claims)).digest("hex");
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const body = `${encode({ typ: "JWT", alg: "ed25519-nkey" })}.${encode({ jti, ...claims, name, nats })}`;
  return `${body}.${Buffer.from(issuer.sign(new TextEncoder().encode(body))).toString("base64url")}`;
}
