import { WhatIfSchema } from "./what-if-document.ts";

/** The text of `what-if.schema.json`: draft 2020-12, made from the type that the code itself uses. */
export function whatIfSchemaText(): string {
  const schema = { $schema: "https://json-schema.org/draft/2020-12/schema", ...WhatIfSchema };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
