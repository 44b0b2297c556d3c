import type { DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { defineMethod, type MethodDefinition } from "./definition.ts";

/** What a handler knows of the call it serves. */
export interface CallContext {
  /**
   * Aborts with `cancelled` when the caller cancels, is lost or its deadline passes, with `unavailable` when the server
   * stops, with `refused` when the caller's certificate expires.
   */
  readonly signal: AbortSignal;
  readonly peer: Peer;
}

/** Who calls. */
export interface Peer {
  /** host:port of the connection. */
  readonly address: string;
  /** The one URI in the peer's certificate, which its CA has checked; undefined for a caller without one. */
  readonly identity: string | undefined;
  /** When that certificate expires, in ms since 1970; never without one. The call ends then. */
  readonly expiresMs: number;
}

/**
 * The handlers of a service, by method: a plain object. A response may be any init shape of its message. Requests have
 * been decoded and validated; iterating them throws the signal's reason. That they end is no proof that the caller meant
 * it when the network parts a cancelled call's two last packets: what must be whole says so in its last message.
 */
export type ServiceImpl<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: Handler<Service["method"][Name]>;
};

type Handler<Method extends DescMethod> = {
  unary: (request: Input<Method>, context: CallContext) => Promise<Output<Method>>;
  client_streaming: (requests: AsyncIterable<Input<Method>>, context: CallContext) => Promise<Output<Method>>;
  server_streaming: (request: Input<Method>, context: CallContext) => AsyncIterable<Output<Method>>;
  bidi_streaming: (requests: AsyncIterable<Input<Method>>, context: CallContext) => AsyncIterable<Output<Method>>;
}[Method["methodKind"]];

type Input<Method extends DescMethod> = MessageShape<Method["input"]>;
type Output<Method extends DescMethod> = MessageInitShape<Method["output"]>;

/** A service with its handlers, for `serve`. */
export interface ImplementedService {
  readonly typeName: string;
  readonly methods: readonly ImplementedMethod[];
}

export interface ImplementedMethod {
  readonly definition: MethodDefinition;
  // What goes in and comes out was checked by ServiceImpl and is described by the definition; TypeScript cannot follow.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly handler: (input: any, context: CallContext) => any;
}

/** Joins a service's descriptor and its handlers; the handlers keep their `this`. */
export function implement<Service extends DescService>(desc: Service, impl: ServiceImpl<Service>): ImplementedService {
  return {
    typeName: desc.typeName,
    methods: desc.methods.map((method) => {
      const name: keyof Service["method"] = method.localName;
      const handler: ImplementedMethod["handler"] | undefined = impl[name]?.bind(impl);
      assert(handler, `${desc.typeName} has no handler for ${method.name}`);
      return { definition: defineMethod(method), handler };
    }),
  };
}
