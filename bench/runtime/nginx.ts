/** nginx in front of uWSGI, as a host's package has it, but for what stands beside Caddy's: no log of requests, large bodies. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type Site = {
  readonly host: string;
  /** Path of a uWSGI socket, or of one that speaks HTTP for WebSockets, or a directory of files. */
  readonly uwsgi?: string;
  readonly upgrade?: string;
  readonly files?: string;
};

/** Argv that runs it in the foreground, answering on the loopback's port. Everything it writes is below the directory. */
export function nginxArgv(program: string, directory: string, port: number, sites: readonly Site[]): string[] {
  const place = join(directory, "nginx");
  for (const name of ["body", "other"]) mkdirSync(join(place, name), { recursive: true });
  const file = join(place, "nginx.conf");
  const servers = sites.map(
    ({ host, ...site }) => `server { listen 127.0.0.1:${port}; server_name ${host}; ${locationOf(site)} }`,
  );
  writeFileSync(
    file,
    `daemon off; user root; worker_processes auto; pid ${place}/pid; error_log ${place}/error.log;
events { worker_connections 768; }
http {
  sendfile on; tcp_nopush on; access_log off; client_max_body_size 0;
  client_body_temp_path ${place}/body; uwsgi_temp_path ${place}/other; proxy_temp_path ${place}/other;
  fastcgi_temp_path ${place}/other; scgi_temp_path ${place}/other;
  ${uwsgiParams}
  ${servers.join("\n  ")}
}
`,
  );
  return [program, "-p", place, "-c", file];
}

function locationOf({ uwsgi, upgrade, files }: Omit<Site, "host">): string {
  if (uwsgi !== undefined) return `location / { uwsgi_pass unix:${uwsgi}; }`;
  if (files !== undefined) return `root ${files};`;
  return `location / { proxy_pass http://unix:${upgrade}; proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }`;
}

/** The distributions' /etc/nginx/uwsgi_params. */
const uwsgiParams = Object.entries({
  QUERY_STRING: "$query_string",
  REQUEST_METHOD: "$request_method",
  CONTENT_TYPE: "$content_type",
  CONTENT_LENGTH: "$content_length",
  REQUEST_URI: "$request_uri",
  PATH_INFO: "$document_uri",
  DOCUMENT_ROOT: "$document_root",
  SERVER_PROTOCOL: "$server_protocol",
  REQUEST_SCHEME: "$scheme",
  HTTPS: "$https if_not_empty",
  REMOTE_ADDR: "$remote_addr",
  REMOTE_PORT: "$remote_port",
  SERVER_PORT: "$server_port",
  SERVER_NAME: "$server_name",
})
  .map(([name, value]) => `uwsgi_param ${name} ${value};`)
  .join(" ");
