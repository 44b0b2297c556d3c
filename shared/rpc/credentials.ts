import { ChannelCredentials, ServerCredentials } from "@grpc/grpc-js";

/** How two processes trust each other. Made here, so that nobody else needs gRPC's own types. */
export interface Credentials {
  forClient(): ChannelCredentials;
  forServer(): ServerCredentials;
}

/** No encryption and no identity: for loopback addresses only. */
export const insecure: Credentials = {
  forClient: () => ChannelCredentials.createInsecure(),
  forServer: () => ServerCredentials.createInsecure(),
};
