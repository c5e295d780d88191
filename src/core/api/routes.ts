/** The whole contract by name. The server must have a handler for each; the client may call each. */
import {
  createApp,
  destroyApp,
  listApps,
  pingApp,
  reloadApp,
  resetRestarts,
  restartApp,
  showApp,
  startApp,
  stopApp,
} from "./apps.ts";
import { logIn, logInPassword, logInTotp, logOut } from "./auth.ts";
import { cancelDeploy, createDeploy, followDeploy, listDeploys, planDeploy, showDeploy } from "./deploys.ts";
import { appDisk } from "./disk.ts";
import { listCron, listCronRuns, runCron, showCronRun } from "./cron.ts";
import { addDomain, listDomains, removeDomain } from "./domains.ts";
import { exportAudit, verifyAudit } from "./audit.ts";
import { followAppEvents, followEvents, listAppEvents, listEvents } from "./events.ts";
import { changeEnv, listEnv, readEnv } from "./env.ts";
import { addKey, listKeys, removeKey } from "./keys.ts";
import { listInstances, metricsPage } from "./instances.ts";
import { followBuildLogs, followLogs, readBuildLogs, readLogs } from "./logs.ts";
import { setPushBranch, showGitAccess, showPush } from "./push.ts";
import { listProcesses, scaleProcesses } from "./processes.ts";
import { diffReleases, listReleases, rollback, showRelease } from "./releases.ts";
import { createSession, joinSession } from "./sessions.ts";
import {
  askDevice,
  beginDevice,
  beginLink,
  beginSso,
  finishLink,
  finishSso,
  linkIdentity,
  listIdentities,
  unlinkIdentity,
} from "./sso.ts";
import { createPull, removeSource, setSource, showSource } from "./sources.ts";
import { systemInfo, systemLogs, systemStatus, version, whoami } from "./system.ts";

export const routes = {
  listApps,
  showApp,
  createApp,
  destroyApp,
  startApp,
  stopApp,
  restartApp,
  reloadApp,
  resetRestarts,
  pingApp,
  appDisk,
  createDeploy,
  listDeploys,
  showDeploy,
  cancelDeploy,
  followDeploy,
  planDeploy,
  createPull,
  showSource,
  setSource,
  removeSource,
  listReleases,
  showRelease,
  diffReleases,
  rollback,
  listEnv,
  readEnv,
  changeEnv,
  listDomains,
  addDomain,
  removeDomain,
  listProcesses,
  scaleProcesses,
  listAppEvents,
  followAppEvents,
  listEvents,
  followEvents,
  verifyAudit,
  exportAudit,
  listInstances,
  metricsPage,
  listCron,
  listCronRuns,
  showCronRun,
  runCron,
  createSession,
  joinSession,
  showPush,
  setPushBranch,
  showGitAccess,
  listKeys,
  addKey,
  removeKey,
  readLogs,
  followLogs,
  readBuildLogs,
  followBuildLogs,
  systemInfo,
  systemStatus,
  systemLogs,
  version,
  whoami,
  logIn,
  logInTotp,
  logInPassword,
  logOut,
  beginSso,
  finishSso,
  beginDevice,
  askDevice,
  beginLink,
  finishLink,
  listIdentities,
  linkIdentity,
  unlinkIdentity,
} as const;

export type Routes = typeof routes;
export type RouteName = keyof Routes;
