/**
 * Behind its walls a process cannot read its cgroup, and sizes its heap by the host's memory. So runtimes that do that are
 * told: what each would have read there, by the variable that it has for it. Others do not look at these.
 */
import { heapOf } from "#core/app-limits.ts";

/** `memory`: bytes that the process may take, null for no limit. An app that says of its own heap what it wants is left alone. */
export function memoryEnv(memory: number | null, env: Readonly<Record<string, string>>): Record<string, string> {
  if (memory === null) return {};
  const beside = (name: string, said: RegExp, option: string) => {
    const own = env[name] ?? "";
    return said.test(own) ? {} : { [name]: own === "" ? option : `${own} ${option}` };
  };
  const unlessSet = (name: string, value: string) => (env[name] === undefined ? { [name]: value } : {});
  return {
    ...beside("NODE_OPTIONS", /--max[-_]old[-_]space[-_]size/, `--max-old-space-size=${heapOf(memory)}`),
    // As if this were the host's: a quarter of it for the heap, or the share that the app has asked for.
    ...beside("JAVA_TOOL_OPTIONS", /-Xmx|-XX:MaxRAM=|-XX:MaxHeapSize/, `-XX:MaxRAM=${memory}`),
    // As in a container: three quarters. In hexadecimal.
    ...("DOTNET_GCHeapHardLimitPercent" in env
      ? {}
      : unlessSet("DOTNET_GCHeapHardLimit", Math.floor(memory * 0.75).toString(16))),
    // Only how hard it collects; it may still take more.
    ...unlessSet("GOMEMLIMIT", String(Math.floor(memory * 0.9))),
  };
}
