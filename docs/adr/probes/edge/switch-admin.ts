// (a) Caddy's admin interface: each move patches the upstreams, and so loads the whole document anew.
import { dialOf } from "./address.ts";
import { startCaddy } from "./caddy.ts";
import type { Setup, Switcher } from "./switcher.ts";

export async function switchByAdmin(name: string, setup: Setup, keepAlive: object): Promise<Switcher> {
  // An hour is the kindest value: the other app's WebSockets would be closed that long after the change.
  const extra = { stream_close_delay: "1h" };
  const caddy = await startCaddy(
    setup.binary,
    setup.dir,
    { dials: [dialOf(setup.first)], keepAlive, extra },
    { dials: [dialOf(setup.other)], keepAlive, extra },
  );
  return {
    name,
    pid: caddy.pid,
    port: caddy.port,
    moveTo: (live) =>
      caddy.admin(
        "PATCH",
        "/id/moved/upstreams",
        live.map((one) => ({ dial: dialOf(one) })),
      ),
    fence: caddy.fence,
    stop: caddy.stop,
  };
}
