/** A forge of tests: repositories of a directory over git's smart HTTP, by git's own backend, on the loopback. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export type Forge = {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly root: string;
  /** What is answered at a path in place of a repository. */
  readonly files: Map<string, Uint8Array>;
  /** Requests so far: method and path. */
  readonly asked: string[];
  /** Authorization headers that came. */
  readonly credentials: (string | undefined)[];
  /** Commits the files to a branch of a repository, made where there is none; gives the commit back. */
  commit(
    repository: string,
    files: Readonly<Record<string, string | { link: string } | null>>,
    branch?: string,
  ): string;
  git(repository: string, ...args: readonly string[]): string;
  close(): Promise<void>;
};

export type ForgeOptions = {
  /** `user:token` without which nothing is answered. */
  readonly credential?: string;
  /** Answers in place of the backend; false leaves it to that. */
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => boolean;
};

const author = {
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@example.com",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "ada@example.com",
};
const environment = {
  PATH: process.env["PATH"] ?? "/usr/bin:/bin",
  HOME: "/nonexistent",
  GIT_CONFIG_GLOBAL: "/dev/null",
  ...author,
};

export async function startForge({ credential, answer = () => false }: ForgeOptions = {}): Promise<Forge> {
  const root = mkdtempSync(join(tmpdir(), "hop3-forge-"));
  const files = new Map<string, Uint8Array>();
  const asked: string[] = [];
  const credentials: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    credentials.push(request.headers.authorization);
    const file = files.get(request.url ?? "");
    if (file !== undefined) {
      response.end(file);
      return;
    }
    if (answer(request, response)) return;
    const wanted = credential === undefined ? undefined : `Basic ${Buffer.from(credential).toString("base64")}`;
    if (wanted !== undefined && request.headers.authorization !== wanted) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="forge"' }).end();
      return;
    }
    backend(root, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const git = (repository: string, ...args: readonly string[]): string =>
    execFileSync("git", args, {
      cwd: join(root, repository),
      env: environment,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    root,
    files,
    asked,
    credentials,
    git,
    commit(repository, files, branch = "main") {
      const bare = join(root, repository);
      mkdirSync(bare, { recursive: true });
      try {
        git(repository, "rev-parse", "--git-dir");
      } catch {
        git(repository, "init", "--bare", "--quiet", "--initial-branch=main");
        git(repository, "config", "uploadpack.allowAnySHA1InWant", "true");
      }
      const work = mkdtempSync(join(tmpdir(), "hop3-work-"));
      const inside = (...args: string[]) =>
        execFileSync("git", args, {
          cwd: work,
          env: environment,
          encoding: "utf8",
          stdio: ["ignore", "pipe", "pipe"],
        }).trim();
      try {
        inside("init", "--quiet", `--initial-branch=${branch}`);
        for (const [path, content] of Object.entries(files)) {
          mkdirSync(dirname(join(work, path)), { recursive: true });
          if (typeof content === "string") writeFileSync(join(work, path), content);
          else if (content !== null) execFileSync("ln", ["-s", content.link, join(work, path)]);
        }
        inside("add", "--all", "--force");
        inside("commit", "--quiet", "--allow-empty", "--message", `Files of ${branch}`);
        inside("push", "--quiet", "--force", bare, branch);
        return inside("rev-parse", "HEAD");
      } finally {
        rmSync(work, { recursive: true, force: true });
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          rmSync(root, { recursive: true, force: true });
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** The CGI of git-http-backend(1). */
function backend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "", "http://x");
  const cgi = spawn("git", ["http-backend"], {
    env: {
      ...environment,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      REQUEST_METHOD: request.method ?? "GET",
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
    },
  });
  request.pipe(cgi.stdin);
  cgi.stdin.on("error", () => undefined);
  let head = Buffer.alloc(0);
  let isBody = false;
  cgi.stdout.on("data", (chunk: Buffer) => {
    if (isBody) {
      response.write(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    isBody = true;
    const lines = head
      .subarray(0, end)
      .toString()
      .split("\r\n")
      .map((line) => line.split(/: ?/, 2) as [string, string]);
    const status = Number(lines.find(([name]) => name === "Status")?.[1]?.slice(0, 3) ?? 200);
    response.writeHead(status, Object.fromEntries(lines.filter(([name]) => name !== "Status")));
    response.write(head.subarray(end + 4));
  });
  cgi.on("close", () => response.end());
}
