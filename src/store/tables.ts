/** The rows as the database holds them. They stay in this folder: what leaves it are the plain objects of each aggregate. */
import type { Selectable } from "kysely";
import type { AppRole, Role } from "#core/roles.ts";

/** Times are ISO text in UTC, JSON is text: the same in both databases, and sorted as it reads. */
export type Tables = {
  apps: {
    name: string;
    state: "new" | "running" | "stopped" | "failed";
    message: string | null;
    live_release: number | null;
    last_build: number;
    last_release: number;
    last_deploy: number;
    created_at: string;
    updated_at: string;
    destroyed_by: string | null;
    destroyed_origin: string | null;
    org: string;
  };
  env: { app: string; name: string; sealed: string; source: "user" | "generated" | "file"; updated_at: string };
  domains: { name: string; app: string; created_at: string };
  scale: { app: string; type: string; count: number };
  builds: {
    app: string;
    number: number;
    record_version: number;
    builder: string;
    summary: string;
    state: "running" | "succeeded" | "failed" | "canceled";
    created_at: string;
    created_by: string;
    ended_at: string | null;
  };
  releases: {
    app: string;
    number: number;
    build: number;
    record_version: number;
    reason: "deploy" | "config" | "rollback";
    summary: string;
    created_at: string;
    created_by: string;
  };
  deploys: {
    app: string;
    number: number;
    state: "queued" | "running" | "succeeded" | "failed" | "canceled";
    step: string | null;
    summary: string;
    build: number | null;
    release: number | null;
    error: string | null;
    created_at: string;
    created_by: string;
    started_at: string | null;
    ended_at: string | null;
    last_step: number;
    last_event: number;
    canceled: string | null;
    origin: string | null;
    source: string | null;
  };
  deploy_steps: {
    app: string;
    deploy: number;
    seq: number;
    step: string;
    started_at: string;
    ended_at: string | null;
    outcome: "done" | "failed" | "canceled" | "undone" | null;
    facts: string;
  };
  deploy_events: { app: string; deploy: number; seq: number; type: string; data: string; at: string };
  orgs: { name: string; created_at: string };
  members: { org: string; user_name: string; role: Role; created_at: string };
  users: {
    name: string;
    created_at: string;
    kind: "person" | "service";
    email: string | null;
    disabled_at: string | null;
    password: string | null;
    password_at: string | null;
    totp: string | null;
    totp_at: string | null;
    totp_step: number | null;
  };
  recovery_codes: { user_name: string; hash: string; used_at: string | null };
  identities: { issuer: string; subject: string; user_name: string; created_at: string };
  groups: { org: string; name: string; role: Role | null; claim: string | null; created_at: string };
  group_members: { org: string; group_name: string; user_name: string; source: "local" | "oidc"; created_at: string };
  grants: {
    app: string;
    subject_kind: "user" | "group";
    subject: string;
    role: AppRole;
    created_at: string;
    created_by: string;
  };
  sources: {
    app: string;
    branch: string | null;
    updated_at: string;
    url: string | null;
    ref: string | null;
    credential: string | null;
    set_by: string | null;
  };
  webhooks: {
    id: string;
    app: string;
    name: string;
    branch: string | null;
    secret: string;
    created_at: string;
    created_by: string;
    rotated_at: string | null;
    last_at: string | null;
    last_outcome: string | null;
  };
  webhook_deliveries: { webhook: string; delivery: string; at: string };
  tokens: {
    id: string;
    hash: string;
    user_name: string;
    name: string;
    created_at: string;
    expires_at: string | null;
    last_used_at: string | null;
    revoked_at: string | null;
    kind: "token" | "session";
    org: string;
    actions: string | null;
    apps: string | null;
    addresses: string | null;
    address: string | null;
    agent: string | null;
    idle_seconds: number | null;
  };
  logins: {
    id: string;
    hash: string;
    user_name: string | null;
    stage: string;
    data: string | null;
    address: string | null;
    created_at: string;
    expires_at: string;
    tries: number;
  };
  failures: {
    kind: "user" | "address";
    subject: string;
    count: number;
    first_at: string;
    last_at: string;
    locked_until: string | null;
  };
  ssh_keys: {
    fingerprint: string;
    user_name: string;
    name: string;
    key: string;
    created_at: string;
    last_used_at: string | null;
  };
  events: {
    seq: number;
    at: string;
    actor: string;
    action: string;
    app: string | null;
    target: string | null;
    outcome: string;
    details: string;
    hash: string;
    org: string;
  };
  event_head: { id: number; seq: number; hash: string };
  answers: {
    credential: string;
    key: string;
    request: string;
    body: string | null;
    sealed: string | null;
    process: string;
    created_at: string;
  };
  settings: { key: string; value: string; updated_at: string };
  hop3_schema: { version: number; name: string; applied_at: string };
};

export type Row<Name extends keyof Tables> = Selectable<Tables[Name]>;
