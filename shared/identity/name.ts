/** Who a certificate belongs to: one URI among its subject alternative names, `salvo://<lab>/agent/<id>?roles=a+b`. */
export type Identity =
  | {
      readonly kind: "controller";
      readonly lab: string;
      /** Greater in each certificate that replaces the one before, whatever the clock says; renewed by age it stays. */
      readonly generation: number;
    }
  /** What serves NATS to the lab. */
  | { readonly kind: "nats"; readonly lab: string }
  /** What browsers of the lab's operators talk to. */
  | { readonly kind: "console"; readonly lab: string }
  /** What hosts without a certificate may talk to. */
  | { readonly kind: "enrolment"; readonly lab: string }
  /** A program of others, that reads the telemetry. */
  | { readonly kind: "reader"; readonly lab: string; readonly id: string }
  | { readonly kind: "agent"; readonly lab: string; readonly id: string; readonly roles: readonly string[] };

/** Labs and agents: the pattern of lab.proto. No dots, so that no name can end in another's. */
const NAME = "[a-z0-9][a-z0-9-]{0,62}";
const URI = new RegExp(
  `^salvo://(?<lab>${NAME})/(?:controller\\?generation=(?<generation>[1-9]\\d{0,14})|(?<kind>nats|console|enrolment)|reader/(?<reader>${NAME})|agent/(?<id>${NAME})\\?roles=(?<roles>[a-z]+(?:\\+[a-z]+)*))$`,
);

export function isName(text: string): boolean {
  return new RegExp(`^${NAME}$`).test(text);
}

export function identityUri(identity: Identity): string {
  const { kind, lab } = identity;
  if (kind === "controller") return `salvo://${lab}/controller?generation=${identity.generation}`;
  if (kind === "agent") return `salvo://${lab}/agent/${identity.id}?roles=${identity.roles.join("+")}`;
  return kind === "reader" ? `salvo://${lab}/reader/${identity.id}` : `salvo://${lab}/${kind}`;
}

/** Undefined for a text that is no such URI, exactly. */
export function parseIdentity(uri: string | undefined): Identity | undefined {
  const { lab, kind, generation, id, roles, reader } = URI.exec(uri ?? "")?.groups ?? {};
  if (lab === undefined) return undefined;
  if (generation !== undefined) return { kind: "controller", lab, generation: Number(generation) };
  if (id !== undefined && roles !== undefined) return { kind: "agent", lab, id, roles: roles.split("+") };
  if (reader !== undefined) return { kind: "reader", lab, id: reader };
  return kind === "nats" || kind === "console" || kind === "enrolment" ? { kind, lab } : undefined;
}

/** Without what changes from one certificate to the next. */
type Named = Exclude<Identity, { kind: "controller" }> | { readonly kind: "controller"; readonly lab: string };

/**
 * The DNS name by which NATS finds the user (verify_and_map). The controller's has one label less than any agent's, a
 * reader's one more, and no label of theirs holds a dot: none can be called like another.
 */
export function natsUser(identity: Named): string {
  if (identity.kind === "reader") return `${identity.id}.reader.${identity.lab}.salvo`;
  return identity.kind === "agent" ? `${identity.id}.${identity.lab}.salvo` : `${identity.lab}.salvo`;
}

/** Of a controller whose earlier certificates are to be worth nothing: with a part of its own, and four labels. */
export function nextControllerUser(lab: string, unique: string): string {
  return `${unique}.controller.${lab}.salvo`;
}

/** Of one certificate of an agent: with a part of its own, and five labels. */
export function certificateUser(lab: string, agent: string, unique: string): string {
  return `${unique}.${agent}.agent.${lab}.salvo`;
}

/** For people. */
export function describeIdentity(identity: Identity | undefined): string {
  if (!identity) return "nobody that Salvo knows";
  if (identity.kind === "reader") return `reader ${identity.id} of lab ${identity.lab}`;
  return identity.kind === "agent"
    ? `agent ${identity.id} of lab ${identity.lab} (${identity.roles.join(", ")})`
    : `the ${identity.kind} of lab ${identity.lab}`;
}
