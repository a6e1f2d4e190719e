import { writeFileSync } from "node:fs";
import { CapacitySchema } from "../loadtest/capacity/document.ts";
import { ComparisonSchema } from "../loadtest/compare/comparison.ts";
import { resultSchemaText } from "../loadtest/report/result-schema.ts";
import { schemaText } from "../loadtest/report/schema-text.ts";
import { whatIfSchemaText } from "../loadtest/report/what-if-schema.ts";

writeFileSync(new URL("../loadtest/report/result.schema.json", import.meta.url), resultSchemaText());
writeFileSync(new URL("../loadtest/report/what-if.schema.json", import.meta.url), whatIfSchemaText());
writeFileSync(new URL("../loadtest/report/comparison.schema.json", import.meta.url), schemaText(ComparisonSchema));
writeFileSync(new URL("../loadtest/report/capacity.schema.json", import.meta.url), schemaText(CapacitySchema));
