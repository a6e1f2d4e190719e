import { writeFileSync } from "node:fs";
import { resultSchemaText } from "../loadtest/report/result-schema.ts";

writeFileSync(new URL("../loadtest/report/result.schema.json", import.meta.url), resultSchemaText());
