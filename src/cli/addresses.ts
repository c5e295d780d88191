/**
 * Method and path of every route, so that the CLI need not load zod and the contract to call one.
 * The type makes a route that is missing here, or written differently, an error.
 */
import type { RouteName, Routes } from "#core/api/routes.ts";

type Addresses = { readonly [Name in RouteName]: readonly [Routes[Name]["method"], Routes[Name]["path"]] };

export const addresses: Addresses = {
  listApps: ["GET", "/apps"],
  showApp: ["GET", "/apps/:app"],
  destroyApp: ["DELETE", "/apps/:app"],
  startApp: ["POST", "/apps/:app/start"],
  stopApp: ["POST", "/apps/:app/stop"],
  restartApp: ["POST", "/apps/:app/restart"],
  reloadApp: ["POST", "/apps/:app/reload"],
  resetRestarts: ["POST", "/apps/:app/reset-restarts"],
  pingApp: ["POST", "/apps/:app/ping"],
  appDisk: ["GET", "/apps/:app/disk"],
  createDeploy: ["POST", "/apps/:app/deploys"],
  listDeploys: ["GET", "/apps/:app/deploys"],
  cancelDeploy: ["POST", "/apps/:app/deploys/:deploy/cancel"],
  showDeploy: ["GET", "/apps/:app/deploys/:deploy"],
  followDeploy: ["GET", "/apps/:app/deploys/:deploy/events"],
  planDeploy: ["POST", "/apps/:app/plan"],
  listReleases: ["GET", "/apps/:app/releases"],
  showRelease: ["GET", "/apps/:app/releases/:release"],
  diffReleases: ["GET", "/apps/:app/releases/:release/diff/:to"],
  rollback: ["POST", "/apps/:app/rollback"],
  listEnv: ["GET", "/apps/:app/env"],
  readEnv: ["GET", "/apps/:app/env/values"],
  changeEnv: ["PATCH", "/apps/:app/env"],
  listDomains: ["GET", "/apps/:app/domains"],
  addDomain: ["POST", "/apps/:app/domains"],
  removeDomain: ["DELETE", "/apps/:app/domains/:domain"],
  listProcesses: ["GET", "/apps/:app/processes"],
  scaleProcesses: ["PATCH", "/apps/:app/processes"],
  listCron: ["GET", "/apps/:app/cron"],
  listCronRuns: ["GET", "/apps/:app/cron/:job/runs"],
  showCronRun: ["GET", "/apps/:app/cron/:job/runs/:run"],
  runCron: ["POST", "/apps/:app/cron/:job/run"],
  createSession: ["POST", "/apps/:app/run"],
  joinSession: ["GET", "/apps/:app/sessions/:session"],
  readLogs: ["GET", "/apps/:app/logs"],
  followLogs: ["GET", "/apps/:app/logs/stream"],
  readBuildLogs: ["GET", "/apps/:app/build-logs"],
  followBuildLogs: ["GET", "/apps/:app/build-logs/stream"],
  systemInfo: ["GET", "/system/info"],
  systemStatus: ["GET", "/system/status"],
  systemLogs: ["GET", "/system/logs"],
  version: ["GET", "/version"],
  whoami: ["GET", "/whoami"],
};
