/** What a column type is called depends on the database: the migrations are told. */
import type { Expression } from "kysely";

/** Column types that the two databases name differently. */
export type ColumnTypes = { readonly text: Expression<unknown>; readonly bigint: Expression<unknown> };
