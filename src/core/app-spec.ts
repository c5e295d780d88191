/**
 * What an app says about itself, after hop3.toml, Procfile, ENV file and defaults were merged (hop3.toml wins).
 * core/app-config reads the files; builders and the deploy pipeline see only this.
 */
import type { AppLimits } from "./app-limits.ts";
import type { Healthcheck } from "./healthcheck.ts";
import type { CronSpec, RestartPolicy, ShellCommand } from "./records.ts";
import type { VolumeSpec } from "./volume.ts";

export type AppSpec = {
  /** `[metadata] id`, if given. */
  readonly id?: string;
  /** The app's folder inside the upload (`[build] directory`), relative, `.` for its root: a monorepo holds many apps. */
  readonly directory: string;
  readonly build: {
    /** A toolchain's name (`python`, `node`, ...) where the user chose one. */
    readonly toolchain?: string;
    /** `[build] before-build`, else Procfile `prebuild`: run in this order before the toolchain. */
    readonly before: readonly ShellCommand[];
    /** `[build] build`, else Procfile `build`: replaces the toolchain's own build step; dependencies are still installed. */
    readonly build: readonly ShellCommand[];
    /** `[build] after-build`, else Procfile `postbuild`: after the toolchain. */
    readonly after: readonly ShellCommand[];
    /** `[build] test`: after all of these, in what was built. */
    readonly test: readonly ShellCommand[];
    /** `[build] network = false`: no command of the build reaches one. */
    readonly network?: false;
    readonly nodeVersion?: string;
    readonly pipInstall: readonly string[];
    /** Patterns left out of the upload, beside the default ones (core/app-config/ignore.ts). */
    readonly ignore: readonly string[];
  };
  /** Process type to command, as the user wrote them; a builder adds `web` where it knows one and the user said none. */
  readonly processes: Readonly<Record<string, ShellCommand>>;
  /** Procfile `wsgi` or `asgi`: the Python callable that serves the web, `module:callable`. Excludes a `web` process. */
  readonly serve?: { readonly interface: "wsgi" | "asgi"; readonly target: string };
  readonly hooks: {
    /** `[run] before-run`, else Procfile `prerun`: before every start of a new release. */
    readonly prerun?: ShellCommand;
    /** Procfile `release`: once per deploy, before cut-over. */
    readonly release?: ShellCommand;
  };
  /** `[[cron]]`, then the `cron` lines of the Procfile; not there when the app has none. */
  readonly cron?: readonly CronSpec[];
  /** `[[volumes]]`; not there when the app has none. */
  readonly volumes?: readonly VolumeSpec[];
  /** Seconds that a process may take to listen. */
  readonly startTimeout: number;
  /** `[run] keep-warm`, if given: seconds that web instances run on when another release has taken their place. */
  readonly keepWarm?: number;
  /** `[run] restart`, if given: process type to policy. */
  readonly restart?: Readonly<Record<string, RestartPolicy>>;
  readonly healthcheck?: Healthcheck;
  /** `[limits]`, if given. */
  readonly limits?: AppLimits;
  /** URL prefix to directory of static files served by the edge: `[run] static`, `[static]`, Procfile `static`. */
  readonly staticPaths: Readonly<Record<string, string>>;
  /** In file order: ENV file, `[env]`, `[env.computed]`. Generated ones are made once by paas. */
  readonly env: readonly EnvEntry[];
  readonly envPolicy: "keep-existing" | "override";
  readonly domains: readonly string[];
};

export type EnvEntry =
  | { readonly name: string; readonly kind: "value"; readonly value: string }
  /** `${NAME}` in the template stands for another variable; see core/app-config/template.ts. */
  | { readonly name: string; readonly kind: "computed"; readonly template: string }
  | {
      readonly name: string;
      readonly kind: "generate";
      readonly format: "hex" | "base64" | "urlsafe" | "password" | "uuid";
      /** Random bytes for hex, base64 and urlsafe; characters for password; none for uuid. */
      readonly length?: number;
      readonly prefix?: string;
    }
  | { readonly name: string; readonly kind: "app"; readonly key: "domain" | "hostname" | "name" };
