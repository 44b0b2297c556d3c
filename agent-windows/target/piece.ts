import type * as engine from "@salvo/shared/agent/domain/provision/piece.ts";
import type { Op } from "./op.ts";

export type Piece = engine.Piece<Op>;
export type Found = engine.Found<Op>;
