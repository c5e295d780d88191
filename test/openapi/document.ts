/** The OpenAPI document as the docs have it: what a stranger knows of the API. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export type Schema = { readonly [keyword: string]: unknown };

export type Parameter = {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly schema: Schema;
};

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

export type Operation = {
  readonly operationId: string;
  readonly "x-action": string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
};

export type Document = {
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

export const documentPath = join(import.meta.dirname, "../../docs/openapi.json");

export function readDocument(): Document {
  return JSON.parse(readFileSync(documentPath, "utf8")) as Document;
}

export type Endpoint = { readonly method: string; readonly path: string; readonly operation: Operation };

export function endpointsOf({ paths }: Document): Endpoint[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}
