import { CapacitySchema } from "../loadtest/analysis/result/capacity.ts";
import { ComparisonSchema } from "../loadtest/analysis/result/comparison.ts";
import { ResultSchema } from "../loadtest/analysis/result/result.ts";
import { WhatIfSchema } from "../loadtest/analysis/result/what-if.ts";

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

/**
 * The JSON Schemas that the package exports as `hotshard/NAME.schema.json`, from the types that the code itself uses.
 */
export const SCHEMAS = {
  result: { $schema: DRAFT, ...ResultSchema },
  "what-if": { $schema: DRAFT, ...WhatIfSchema },
  comparison: { $schema: DRAFT, ...ComparisonSchema },
  capacity: { $schema: DRAFT, ...CapacitySchema },
} as const;
