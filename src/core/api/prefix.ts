/** Facts of the contract that cost nothing to load: the CLI imports this file and takes only types from the others. */
export const apiPrefix = "/api/v1";

/** Header of a deploy that carries environment variables, because a query would end in access logs. */
export const deployEnvHeader = "hop3-env";

/** Longest value of that header, in characters; more goes through `PATCH /apps/:app/env`. */
export const deployEnvMax = 8 * 1024;

/** Media type of an uploaded archive. */
export const tarType = "application/x-tar";

/** Most lines that a log answer holds. */
export const logLinesMax = 10_000;

/** Longest text that lines of a log are searched for, in characters. */
export const logGrepMax = 200;

/** Longest header that says where following goes on, in characters: Node takes 16 KiB of headers. */
export const logPositionsMax = 12_000;
