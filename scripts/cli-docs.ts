/** Writes docs/cli.md; a test beside controller/cli/docs.ts fails when it is stale. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { cliDocs } from "../controller/cli/docs.ts";

writeFileSync(join(import.meta.dirname, "../docs/cli.md"), cliDocs());
