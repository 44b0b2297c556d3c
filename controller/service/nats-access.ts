import type { Nats } from "@salvo/proto/lab_pb.ts";
import type { BusTls } from "@salvo/shared/bus/connection.ts";
import { readNatsCredentials } from "@salvo/shared/bus/credentials-file.ts";
import type { LabFolder } from "@salvo/shared/identity/lab-folder.ts";
import { natsTls } from "@salvo/shared/identity/nats.ts";

/** What the controller shows to the lab's NATS: its own certificate, or the credentials that others gave it. */
export async function busTls(nats: Nats | undefined, { lab, controller }: LabFolder): Promise<BusTls> {
  return nats && nats.credentials !== "" ? readNatsCredentials(nats) : natsTls(lab, controller);
}
