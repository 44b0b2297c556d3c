import { Transport } from "@salvo/proto/storage_pb.ts";

/** The kernel itself is target and initiator then, and not LIO and open-iscsi. */
export function isNvme(transport: Transport): boolean {
  return transport === Transport.NVME_TCP || transport === Transport.NVME_RDMA;
}

/** Commands that an initiator may keep open to a target of Linux: NVMF_MIN_QUEUE_SIZE, and what nvmet takes over RDMA. */
export const NVME_DEPTHS = { min: 16, max: 128 } as const;

export function isRdma(transport: Transport): boolean {
  return transport === Transport.ISER || transport === Transport.NVME_RDMA;
}

const NAMES: Readonly<Partial<Record<Transport, string>>> = {
  [Transport.ISCSI]: "iscsi",
  [Transport.ISER]: "iser",
  [Transport.NVME_TCP]: "nvme-tcp",
  [Transport.NVME_RDMA]: "nvme-rdma",
  [Transport.LOCAL]: "local",
};

/** As files have it. */
export function transportName(transport: Transport): string {
  return NAMES[transport] ?? "unknown";
}
