import { ResultSchema } from "./result.ts";

/** The text of `result.schema.json`: draft 2020-12, made from the type that the code itself uses. */
export function resultSchemaText(): string {
  const schema = { $schema: "https://json-schema.org/draft/2020-12/schema", ...ResultSchema };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
