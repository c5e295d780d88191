/** What stands in /etc/hop3 at first: root's alone. What is there already is never written over. */
import { join } from "node:path";
import { places } from "./places.ts";

export type DefaultFile = { readonly path: string; readonly mode: number; readonly content: string };

/** `domain` is the base domain, when one was named. */
export function defaultFiles(domain: string | undefined): DefaultFile[] {
  return [
    {
      path: join(places.config, "server.env"),
      // It may hold the password of a database.
      mode: 0o600,
      content: `# Settings of the Hop3 server: NAME=value lines. \`systemctl restart hop3\` makes it read them; no app notices.
# An app answers at APP.HOP3_DOMAIN.
${domain === undefined ? "#HOP3_DOMAIN=apps.example.org" : `HOP3_DOMAIN=${domain}`}
#HOP3_HTTP_PORT=80
# A port, or none.
#HOP3_HTTPS_PORT=443
# Certificates are of the server's own authority, which no browser knows, unless an address is named: then of Let's Encrypt,
# whose terms are agreed to by that, or of another authority that speaks ACME, with its root where the host does not trust it.
#HOP3_ACME_EMAIL=admin@example.org
#HOP3_ACME_CA=https://acme.example.org/directory
#HOP3_ACME_ROOT=/etc/hop3/acme-root.pem
# The API, on the loopback.
#HOP3_API_PORT=8009
# Builds at the same time, of all apps together.
#HOP3_BUILDS=2
# The records in PostgreSQL instead of SQLite.
#POSTGRES_DB_URI=postgres://hop3:password@127.0.0.1/hop3
`,
    },
    {
      path: join(places.config, "ceilings.json"),
      mode: 0o644,
      content: "{}\n",
    },
    {
      path: join(places.config, "bind-volumes"),
      mode: 0o644,
      content: `# Directories of this host that apps may bind as volumes, and what is below them: one absolute path a line.
`,
    },
    {
      path: join(places.config, "README"),
      mode: 0o644,
      content: `server.env    settings of the server
ceilings.json the most that any app may take of this host, all keys optional:
              {"memory": "2G", "cpu": 1.5, "processes": 500, "openFiles": 65536}
bind-volumes  directories that apps may bind as volumes

All of it must belong to root and be writable by nobody else.
`,
    },
  ];
}
