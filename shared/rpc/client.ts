import type { DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { onlyResponse, startCall, type CallOptions } from "./calling.ts";
import type { Channel } from "./channel.ts";
import { defineMethod } from "./definition.ts";

/** A call with one request and one response takes as long as deadlineMs and no longer. */
export interface UnaryOptions extends CallOptions {
  readonly deadlineMs: number;
}

/**
 * The methods of a service, by name. They throw the SalvoError of the peer's handler, or one that says why it could not
 * be heard; its host is the peer. A call with streamed responses begins when they are first iterated; leaving the loop
 * cancels it. An error may overtake responses that were sent before it and not read yet.
 */
export type Client<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: ClientMethod<Service["method"][Name]>;
};

type ClientMethod<Method extends DescMethod> = {
  unary: (request: Input<Method>, options: UnaryOptions) => Promise<Output<Method>>;
  client_streaming: (requests: Inputs<Method>, options?: CallOptions) => Promise<Output<Method>>;
  server_streaming: (request: Input<Method>, options?: CallOptions) => AsyncGenerator<Output<Method>, void>;
  bidi_streaming: (requests: Inputs<Method>, options?: CallOptions) => AsyncGenerator<Output<Method>, void>;
}[Method["methodKind"]];

type Input<Method extends DescMethod> = MessageInitShape<Method["input"]>;
type Inputs<Method extends DescMethod> = AsyncIterable<Input<Method>> | Iterable<Input<Method>>;
type Output<Method extends DescMethod> = MessageShape<Method["output"]>;

export function createClient<Service extends DescService>(desc: Service, channel: Channel): Client<Service> {
  // Object.fromEntries loses the names and kinds that Client gives back.
  return Object.fromEntries(
    desc.methods.map((method) => [method.localName, createMethod(method, channel)]),
  ) as Client<Service>;
}

function createMethod(method: DescMethod, channel: Channel) {
  const definition = defineMethod(method);
  // oxlint-disable-next-line typescript/no-explicit-any -- one request or many, as the method's kind says
  return (input: any, options: CallOptions = {}) => {
    const responses = startCall(channel, definition, definition.streamsRequests ? input : [input], options);
    return definition.streamsResponses ? responses : onlyResponse(responses, definition.name, channel.address);
  };
}
