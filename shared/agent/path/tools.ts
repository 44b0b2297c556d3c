import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ChannelTest, LinkSchema, PathServicePingResponseSchema } from "@salvo/proto/path_pb.ts";
import type { Waiting } from "../../kernel/signal.ts";

/** What a platform can find out about the network between hosts, and RDMA on it. Nothing here changes anything. */
export interface PathTools {
  /** The links that have one of the addresses. */
  links(addresses: readonly string[]): Promise<MessageInitShape<typeof LinkSchema>[]>;
  /** Packets of that size, IP's head with it, that may not be cut. */
  ping(address: string, packetBytes: number, count: number, waiting: Waiting): Promise<PingResult>;
  /** Serves one test: yields once when it can be begun. Ends when it was done, or with the signal. */
  serve(test: ChannelTest, address: string, waiting: Waiting): AsyncIterable<Served>;
  measure(test: ChannelTest, at: ServedAt, waiting: Waiting): Promise<Measured>;
}

export type PingResult = MessageInitShape<typeof PathServicePingResponseSchema>;

/** problem: why it cannot be done here, or how it failed; empty otherwise. */
interface Outcome {
  readonly problem: string;
  /** A program for it is not there: it is no fault of the network. */
  readonly notInstalled?: boolean;
}

export interface Served extends Outcome {
  readonly port: number;
}

export interface ServedAt {
  readonly address: string;
  readonly port: number;
  /** The address of this host on the way there. */
  readonly from: string;
}

export interface Measured extends Outcome {
  readonly mibPerSec: number;
}
