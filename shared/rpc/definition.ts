import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethod,
  type Message,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { MESSAGE_BYTES_MAX } from "./limits.ts";

/** What the adapter needs to know of a method; gRPC itself only sees bytes. */
export interface MethodDefinition {
  readonly desc: DescMethod;
  /** For people: `salvo.v1.AgentService/Arm`. */
  readonly name: string;
  /** On the wire: the name with a slash before it. */
  readonly path: string;
  readonly streamsRequests: boolean;
  readonly streamsResponses: boolean;
}

export function defineMethod(desc: DescMethod): MethodDefinition {
  const name = `${desc.parent.typeName}/${desc.name}`;
  return {
    desc,
    name,
    path: `/${name}`,
    streamsRequests: desc.methodKind === "client_streaming" || desc.methodKind === "bidi_streaming",
    streamsResponses: desc.methodKind === "server_streaming" || desc.methodKind === "bidi_streaming",
  };
}

/** Throws `out-of-resources` when the message is over the limit; a message that cannot be encoded at all is a bug. */
export function encode<Desc extends DescMessage>(desc: Desc, init: MessageInitShape<Desc>, method: string): Buffer {
  const bytes = toBinary(desc, create(desc, init));
  if (bytes.byteLength > MESSAGE_BYTES_MAX) throw oversized(method, bytes.byteLength);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Throws `invalid-input` when the bytes are no such message. */
export function decode(desc: DescMessage, bytes: Buffer, method: string): Message {
  try {
    return fromBinary(desc, bytes);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SalvoError("invalid-input", `${method}: these bytes are no ${desc.typeName}: ${why}`, {
      remedy: "Run the same version of Salvo on both hosts",
      cause,
    });
  }
}

export function oversized(method: string, bytes: number, host?: string): SalvoError {
  const limit = `${MESSAGE_BYTES_MAX / (1024 * 1024)} MiB`;
  return new SalvoError("out-of-resources", `${method}: a message of ${bytes} bytes is over the limit of ${limit}`, {
    ...(host !== undefined && { host }),
    remedy: "Ask for less at a time",
  });
}
