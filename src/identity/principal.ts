/** Who is asking, once authenticated. */
export type Principal = {
  readonly kind: "user";
  readonly userId: string;
  readonly name: string;
  readonly roles: readonly string[];
};
