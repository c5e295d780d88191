/** Names that the supervisor gives to each instance (src/supervisor/prepare.ts); the user's value would be lost. */
const reserved: ReadonlySet<string> = new Set([
  "PORT",
  "HOST",
  "BIND_ADDRESS",
  "HOP3_SOCKET",
  "HOP3_DATA_DIR",
  "HOP3_INSTANCE",
  "PROC_TYPE",
  "APP",
]);

export function isReservedEnv(name: string): boolean {
  return reserved.has(name);
}
