import { Transport } from "@salvo/proto/storage_pb.ts";

/** The kernel itself is target and initiator then, and not LIO and open-iscsi. */
export function isNvme(transport: Transport): boolean {
  return transport === Transport.NVME_TCP || transport === Transport.NVME_RDMA;
}

/** Commands that an initiator may keep open to a target of Linux: NVMF_MIN_QUEUE_SIZE, and what nvmet takes (NVMET_QUEUE_SIZE). */
export function nvmeDepths(transport: Transport): { readonly min: number; readonly max: number } {
  return { min: 16, max: isRdma(transport) ? 128 : 1024 };
}

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
