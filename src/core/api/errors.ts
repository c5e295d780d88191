/** Every answer that is not a success has this body, with the media type `application/problem+json` (RFC 9457). */
import { z } from "zod";

export const problem = z.object({
  type: z.string().describe("A URI reference to the code's row in docs/errors.md"),
  title: z.string().describe("What went wrong, in one sentence"),
  status: z.int().describe("The HTTP status"),
  code: z.string().describe("A code of the error table"),
  hint: z.string().describe("What to do next"),
  details: z.array(z.string()).describe("More lines, for example one for each bad field"),
  requestId: z.string().describe("Names this request in the server's log"),
});
export type Problem = z.infer<typeof problem>;

export const problemType = "application/problem+json";
