import { Transport, TransportSchema } from "@salvo/proto/storage_pb.ts";
import { valueName } from "../../../config/fields.ts";

/** The kernel itself is target and initiator then, and not LIO and open-iscsi. */
export function isNvme(transport: Transport): boolean {
  return transport === Transport.NVME_TCP || transport === Transport.NVME_RDMA;
}

/** Commands that an initiator may keep open to a target of Linux: NVMF_MIN_QUEUE_SIZE, and what nvmet takes over RDMA. */
export const NVME_DEPTHS = { min: 16, max: 128 } as const;

export function isRdma(transport: Transport): boolean {
  return transport === Transport.ISER || transport === Transport.NVME_RDMA;
}

/** As files have it: nvme-tcp. */
export function transportName(transport: Transport): string {
  const value = TransportSchema.value[transport];
  return value && transport !== Transport.UNSPECIFIED ? valueName(value) : "unknown";
}
