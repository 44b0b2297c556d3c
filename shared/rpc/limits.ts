import type { ChannelOptions } from "@grpc/grpc-js";

/** The largest message, either way, encoded. Both sides check what they send and what they receive. */
export const MESSAGE_BYTES_MAX = 8 * 1024 * 1024;

/** How long a silent connection may stay unproven, and how long the proof may take. */
const KEEPALIVE_MS = 10_000;
const KEEPALIVE_TIMEOUT_MS = 5_000;

const BOTH_SIDES = {
  "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
  "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
  "grpc.keepalive_time_ms": KEEPALIVE_MS,
  "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
  "grpc.keepalive_permit_without_calls": 1,
  // It keeps a trace of every connection there ever was: https://github.com/grpc/grpc-node/issues/2068
  "grpc.enable_channelz": 0,
} as const satisfies ChannelOptions;

/**
 * How many connections to a server may be there that have not proven who they are; one costs some 30 kB. A handshake takes
 * milliseconds, and ends after 5 s (credentials.ts).
 */
export const UNPROVEN_MAX = 64;

/**
 * How many connections one proven identity may have to a server. A controller has one to each agent, and each command of `salvo`
 * that runs has one more; whoever stole a certificate has no more than these.
 */
export const PROVEN_MAX = 64;

/** How many calls may go on over one connection. A controller has some five. */
const CALLS_MAX = 100;

/** So many calls of one connection may be refused. An honest peer whose certificate is not good enough hears so the first time. */
export const REFUSALS_MAX = 10;

/** Where strangers are served, none of whom ever proves who he is. */
export interface StrangerLimits {
  readonly connectionsMax: number;
  /** A connection lasts no longer, whatever goes on in it. */
  readonly ageMs: number;
}

export const SERVER_OPTIONS: ChannelOptions = { ...BOTH_SIDES, "grpc.max_concurrent_streams": CALLS_MAX };

export const CLIENT_OPTIONS: ChannelOptions = {
  ...BOTH_SIDES,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1000,
  // Nothing that changes a host is done twice because the library thought so, and no DNS record may say otherwise.
  "grpc.enable_retries": 0,
  "grpc.service_config_disable_resolution": 1,
  // The buffer for retries accepts messages at once, up to 1 MiB, and so hides that the peer reads slowly.
  "grpc.per_rpc_retry_buffer_size": 0,
  // Agents stand beside the controller; a proxy in the environment is not meant for them.
  "grpc.enable_http_proxy": 0,
  // A channel's connection is its own: closing one ends it, and a fresh one does not inherit another's back-off.
  "grpc.use_local_subchannel_pool": 1,
};
