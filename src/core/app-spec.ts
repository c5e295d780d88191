/**
 * What an app says about itself, after hop3.toml, Procfile and defaults were merged (hop3.toml wins).
 * core/app-config reads the files; builders and the deploy pipeline see only this.
 */
import type { ShellCommand } from "./records.ts";

export type AppSpec = {
  /** `[metadata] id`, if given. */
  readonly id?: string;
  readonly build: {
    /** A builder's name, or `auto`. */
    readonly builder: string;
    /** A toolchain's name (`python`, `node`, ...) where the user chose one. */
    readonly toolchain?: string;
    /** Procfile `prebuild`, `[build] before-build`: run in this order before the toolchain. */
    readonly before: readonly ShellCommand[];
    /** Replaces the toolchain's own build step. */
    readonly build: readonly ShellCommand[];
    /** After the toolchain: `[build] after-build`, Procfile `postbuild`. */
    readonly after: readonly ShellCommand[];
    readonly nodeVersion?: string;
    readonly pipInstall: readonly string[];
    /** Patterns left out of the upload, beside the default ones (core/app-config/ignore.ts). */
    readonly ignore: readonly string[];
  };
  /** Process type to command, as the user wrote them; a builder adds `web` where it knows one and the user said none. */
  readonly processes: Readonly<Record<string, ShellCommand>>;
  readonly hooks: {
    /** Before every start of a new release. */
    readonly prerun?: ShellCommand;
    /** Procfile `release`: once per deploy, before cut-over. */
    readonly release?: ShellCommand;
  };
  readonly startTimeout: number;
  readonly healthcheck?: { readonly path: string; readonly timeout: number; readonly interval: number; readonly retries: number };
  /** URL prefix to directory of static files served by the edge, `[run] static`, `[static]`, Procfile `static`. */
  readonly staticPaths: Readonly<Record<string, string>>;
  /** Plain values and computed ones in file order; generated ones are made once by paas. */
  readonly env: readonly EnvEntry[];
  readonly envPolicy: "keep-existing" | "override";
  readonly domains: readonly string[];
  readonly scale: Readonly<Record<string, number>>;
};

export type EnvEntry =
  | { readonly name: string; readonly kind: "value"; readonly value: string }
  | { readonly name: string; readonly kind: "computed"; readonly template: string }
  | {
      readonly name: string;
      readonly kind: "generate";
      readonly format: "hex" | "base64" | "urlsafe" | "password" | "uuid";
      readonly length?: number;
      readonly prefix?: string;
    }
  | { readonly name: string; readonly kind: "app"; readonly key: "domain" | "hostname" | "name" };
