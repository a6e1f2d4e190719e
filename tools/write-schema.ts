import { writeFileSync } from "node:fs";
import { resultSchemaText } from "../loadtest/report/result-schema.ts";
import { whatIfSchemaText } from "../loadtest/report/what-if-schema.ts";

writeFileSync(new URL("../loadtest/report/result.schema.json", import.meta.url), resultSchemaText());
writeFileSync(new URL("../loadtest/report/what-if.schema.json", import.meta.url), whatIfSchemaText());
