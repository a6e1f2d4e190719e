import { Type } from "typebox";

/** Of the schemas of documents: each with its meaning. */
export const Count = (description: string) => Type.Integer({ minimum: 0, description });
export const Num = (description: string) => Type.Number({ description });
export const Text = (description: string) => Type.String({ description });
export const Label = Type.String({ description: "Zero-padded shard label, `00`, `01`, …" });
export const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
/** One of these words. */
export const OneOf = <const T extends string>(words: readonly T[], options?: Type.TSchemaOptions) =>
  Type.Unsafe<T>(
    Type.Union(
      words.map((word) => Type.Literal(word)),
      options,
    ),
  );
export const Ends = (description: string) =>
  Type.Object({ low: Num("Lower end"), high: Num("Upper end") }, { description });
