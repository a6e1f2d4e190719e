import type { InputFaults } from "./input-faults.ts";
import { badRow, type AddRow } from "./row-batch.ts";
import type { TableColumns } from "./table-columns.ts";

/**
 * What adds a row of a table by its fields. A header that comes again, as in files put one after the other, is no row.
 *
 * @param remedy what to do when there are more or fewer fields than columns
 */
export function fieldsAdder(
  { header, names, columns, key, count, time }: TableColumns,
  add: AddRow,
  faults: InputFaults,
  remedy: string,
): (fields: readonly string[], line: number) => void {
  const titles = names.map((name) => Buffer.from(name, "utf8").toString("latin1"));
  const isHeader = (fields: readonly string[]): boolean =>
    header && fields[key]!.trim() === titles[key] && fields.every((field, i) => field.trim() === titles[i]);
  return (fields, line) => {
    if (fields.length !== columns) return badRow(faults, line, `${fields.length} columns, not ${columns}: ${remedy}`);
    if (isHeader(fields)) return;
    const field = (column: number): string | null => (column < 0 ? null : fields[column]!);
    add(field(key) ?? "", field(count), field(time), line);
  };
}
