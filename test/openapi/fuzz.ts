/**
 * The API against its own document: requests by chance, such as it says are taken and such as are almost, on a real server.
 * Whatever comes back must be what the document says: never a defect, a status and media type of the operation, a body of
 * its schema; and what the schema of a request does not take, the server does not take either.
 */
import { request } from "node:http";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { ValidateFunction } from "ajv";
import { problemType } from "#core/api/errors.ts";
import { errorTable } from "#core/errors.ts";
import { randomOf, type Random } from "../model/random.ts";
import { type Attempt, attemptOf, type Known } from "./attempt.ts";
import { type Endpoint, endpointsOf, readDocument, type Schema } from "./document.ts";

export type Fuzzed = {
  /** Requests that were answered, by operation and by status. */
  readonly answered: ReadonlyMap<string, ReadonlyMap<number, number>>;
  /** What was not as it must be, the first hundred. */
  readonly wrong: readonly string[];
};

export type Fuzzing = {
  readonly port: number;
  readonly token: string;
  readonly seed: number;
  readonly seconds: number;
  readonly known: Known;
};

type Answer = { readonly status: number; readonly type: string; readonly body: string };

const lanes = 4;

/** They end what the others need: whose token is used, and the server's own events. */
const left = new Set(["logOut"]);

export async function fuzz({ port, token, seed, seconds, known }: Fuzzing): Promise<Fuzzed> {
  const document = readDocument();
  const all = endpointsOf(document).filter(({ operation }) => !left.has(operation.operationId));
  const validator = validatorsOf(document.components);
  const answered = new Map<string, Map<number, number>>();
  const wrong: string[] = [];
  const until = performance.now() + seconds * 1000;
  const lane = async (random: Random, own: readonly Endpoint[]): Promise<void> => {
    // Each once before chance decides, so that a short run has them all.
    for (let count = 0; performance.now() < until || count < own.length; count += 1) {
      if (wrong.length >= 100) return;
      await one(own[count] ?? random.pick(all), random);
    }
  };
  const one = async (endpoint: Endpoint, random: Random): Promise<void> => {
    const attempt = attemptOf(endpoint, random, known);
    const authorization = random.chance(0.97) ? `Bearer ${token}` : random.pick(["", "Bearer x", "Basic eDp5"]);
    const told = `${endpoint.operation.operationId}: ${endpoint.method} ${attempt.path} ${String(attempt.body).slice(0, 300)}`;
    const answer = await send(port, attempt, authorization).catch((error: unknown) => String(error));
    if (typeof answer === "string") {
      wrong.push(`${told}\n  ${answer}`);
      return;
    }
    const { operationId } = endpoint.operation;
    const statuses = answered.get(operationId) ?? new Map<number, number>();
    answered.set(operationId, statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1));
    const why = [...problemsOf(endpoint, answer, validator), ...misjudged(attempt, answer, validator)];
    if (why.length > 0) wrong.push(`${told}\n  ${answer.status} ${answer.body.slice(0, 300)}\n  ${why.join("; ")}`);
  };
  // Side by side: what one waits for is another's time, and two change the same app at once.
  const own = (index: number) => all.filter((_, at) => at % lanes === index);
  await Promise.all(Array.from({ length: lanes }, (_, index) => lane(randomOf(seed * lanes + index), own(index))));
  return { answered, wrong };
}

type Validator = (schema: Schema) => ValidateFunction;

function validatorsOf(components: unknown): Validator {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: "document", components });
  const made = new Map<Schema, ValidateFunction>();
  const rooted = (schema: Schema): Schema =>
    JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/')) as Schema;
  return (schema) => {
    const known = made.get(schema);
    if (known !== undefined) return known;
    const validate = ajv.compile(rooted(schema));
    made.set(schema, validate);
    return validate;
  };
}

/** What the document does not say of such an answer. */
function problemsOf({ operation }: Endpoint, { status, type, body }: Answer, validator: Validator): string[] {
  const { responses } = operation;
  if (status < 300) {
    const content = responses[String(status)]?.content;
    if (responses[String(status)] === undefined) return [`the status ${status} is none of the operation`];
    if (content === undefined) return [];
    const [wanted = "", { schema = {} } = {}] = Object.entries(content)[0] ?? [];
    if (type.split(";")[0] !== wanted.split(";")[0]) return [`the media type is ${type}`];
    if (!wanted.endsWith("json")) return wanted === "text/event-stream" ? eventProblems(body, schema, validator) : [];
    const validate = validator(schema);
    return validate(JSON.parse(body)) ? [] : [JSON.stringify(validate.errors?.slice(0, 3))];
  }
  if (status === 500) return ["a defect"];
  if (type !== problemType) return [`the media type is ${type}`];
  const validate = validator(responses["default"]?.content?.[problemType]?.schema ?? {});
  const problem = JSON.parse(body) as { code: string; status: number };
  if (!validate(problem)) return [JSON.stringify(validate.errors?.slice(0, 3))];
  if (!Object.hasOwn(errorTable, problem.code) || problem.code === "INTERNAL") return [`the code ${problem.code}`];
  return problem.status === status ? [] : ["the status is not the document's"];
}

function eventProblems(body: string, schema: Schema, validator: Validator): string[] {
  const validate = validator(schema);
  return body
    .split("\n\n")
    .flatMap((block) => (/^event: error$/m.test(block) ? [] : [/^data: (.*)$/m.exec(block)?.[1]]))
    .flatMap((data) => (data === undefined || validate(JSON.parse(data)) ? [] : [`the event ${data.slice(0, 200)}`]));
}

/** What was taken although the document says that it is not. */
function misjudged({ endpoint, parts }: Attempt, { status }: Answer, validator: Validator): string[] {
  if (status >= 300) return [];
  const schema = endpoint.operation.requestBody?.content["application/json"]?.schema;
  const bad = parts.parameters.filter(({ parameter, value }) => !validator(parameter.schema)(value));
  return [
    ...(schema === undefined || validator(schema)(parts.body) ? [] : ["its body was taken"]),
    ...bad.map(({ parameter }) => `its ${parameter.name} was taken`),
  ];
}

/** Milliseconds that an answer may take, and that a stream is listened to. */
const patience = 60_000;
const listened = 150;

function send(port: number, { endpoint, path, headers, body }: Attempt, authorization: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method } = endpoint;
    const outgoing = request(
      { host: "127.0.0.1", port, method, path, headers: { ...headers, authorization }, timeout: patience },
      (response) => {
        const { statusCode: status = 0, headers: got } = response;
        const type = got["content-type"] ?? "";
        let all = "";
        const done = () => resolve({ status, type, body: all });
        response.setEncoding("utf8").on("data", (chunk: string) => (all += chunk));
        response.on("end", done).on("error", reject);
        if (type === "text/event-stream") {
          // Whole events alone; the rest is on its way.
          const leave = () => {
            all = all.slice(0, Math.max(0, all.lastIndexOf("\n\n")));
            done();
            response
              .off("error", reject)
              .on("error", () => undefined)
              .destroy();
          };
          setTimeout(leave, listened);
        }
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error("it was not answered")));
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
