import { CapacitySchema } from "../loadtest/capacity/document.ts";
import { ComparisonSchema } from "../loadtest/compare/comparison.ts";
import { ResultSchema } from "../loadtest/report/result.ts";
import { WhatIfSchema } from "../loadtest/report/what-if-document.ts";

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

/** The JSON Schemas that the package exports as `hotshard/NAME.schema.json`, from the types that the code itself uses. */
export const SCHEMAS = {
  result: { $schema: DRAFT, ...ResultSchema },
  "what-if": { $schema: DRAFT, ...WhatIfSchema },
  comparison: { $schema: DRAFT, ...ComparisonSchema },
  capacity: { $schema: DRAFT, ...CapacitySchema },
} as const;
