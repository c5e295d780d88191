/** An address as the supervisor and the edge write it, `unix//run/x.sock` or `127.0.0.1:20001`, as Node connects to it. */
export function dialOf(address: string): { readonly path: string } | { readonly host: string; readonly port: number } {
  if (address.startsWith("unix/")) return { path: address.slice("unix/".length) };
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}
