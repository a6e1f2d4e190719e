/** The text of a JSON Schema file: draft 2020-12, made from the type that the code itself uses. */
export function schemaText(schema: object): string {
  return `${JSON.stringify({ $schema: "https://json-schema.org/draft/2020-12/schema", ...schema }, null, 2)}\n`;
}
