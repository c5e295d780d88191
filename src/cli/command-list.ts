/** Every command, in the order that help shows them. A command that is not here does not exist. */
import { accountLink } from "./commands/account/link.ts";
import { appBuildLogs } from "./commands/app/build-logs.ts";
import { appCreate } from "./commands/app/create.ts";
import { appLaunch } from "./commands/app/launch.ts";
import { appImport } from "./commands/app/import.ts";
import { appDestroy } from "./commands/app/destroy.ts";
import { appDisk } from "./commands/app/disk.ts";
import { appList } from "./commands/app/list.ts";
import { appLogs } from "./commands/app/logs.ts";
import { appOpen } from "./commands/app/open.ts";
import { appPing } from "./commands/app/ping.ts";
import { appRun } from "./commands/app/run.ts";
import { appShow } from "./commands/app/show.ts";
import { appReload } from "./commands/app/reload.ts";
import { appResetRestarts } from "./commands/app/reset-restarts.ts";
import { appRestart } from "./commands/app/restart.ts";
import { appStart } from "./commands/app/start.ts";
import { appStatus } from "./commands/app/status.ts";
import { appEvents } from "./commands/app/events.ts";
import { appStop } from "./commands/app/stop.ts";
import { deploy } from "./commands/app/deploy.ts";
import { contextAdd, contextInit, contextRemove } from "./commands/context/add.ts";
import { contextList } from "./commands/context/list.ts";
import { contextCurrent, contextShow } from "./commands/context/show.ts";
import { contextUse } from "./commands/context/use.ts";
import { deployCancel } from "./commands/deploy/cancel.ts";
import { events } from "./commands/audit/events.ts";
import { auditExport } from "./commands/audit/export.ts";
import { auditVerify } from "./commands/audit/verify.ts";
import { cronHistory } from "./commands/cron/history.ts";
import { cronList } from "./commands/cron/list.ts";
import { cronRun } from "./commands/cron/run.ts";
import { domainAdd } from "./commands/domain/add.ts";
import { domainList } from "./commands/domain/list.ts";
import { domainRemove } from "./commands/domain/remove.ts";
import { envGet } from "./commands/env/get.ts";
import { envSet } from "./commands/env/set.ts";
import { envShow } from "./commands/env/show.ts";
import { envUnset } from "./commands/env/unset.ts";
import { gitSourceRemove, gitSourceSet, gitSourceShow } from "./commands/git/source.ts";
import { ps } from "./commands/ps/list.ts";
import { top } from "./commands/ps/top.ts";
import { psScale } from "./commands/ps/scale.ts";
import { releaseDiff } from "./commands/release/diff.ts";
import { releaseList } from "./commands/release/list.ts";
import { releasePromote, rollback } from "./commands/release/rollback.ts";
import { releaseShow } from "./commands/release/show.ts";
import { serverAdmin } from "./commands/server/admin.ts";
import { serverInstall } from "./commands/server/install.ts";
import { serverAdd, serverList, serverRemove, serverShow, serverUse } from "./commands/server/registry.ts";
import { serverStart } from "./commands/server/start.ts";
import { serverUninstall } from "./commands/server/uninstall.ts";
import { systemInfo } from "./commands/system/info.ts";
import { systemStatus } from "./commands/system/status.ts";
import { systemLogs } from "./commands/system/logs.ts";
import { makeAliases } from "./commands/tool/aliases.ts";
import { makeCompletion } from "./commands/tool/completion.ts";
import { makeHelp } from "./commands/tool/help.ts";
import { gitCredential } from "./commands/git/credential.ts";
import { gitSetup } from "./commands/git/setup.ts";
import { keyAdd } from "./commands/key/add.ts";
import { keyList } from "./commands/key/list.ts";
import { keyRemove } from "./commands/key/remove.ts";
import { login } from "./commands/tool/login.ts";
import { logout } from "./commands/tool/logout.ts";
import { use } from "./commands/tool/use.ts";
import { version } from "./commands/tool/version.ts";
import { whoami } from "./commands/tool/whoami.ts";
import { accessGrant, accessList, accessRevoke } from "./commands/access/access.ts";
import { recoveryCodes, totpDisable, totpEnable } from "./commands/account/totp.ts";
import { groupCreate, groupDestroy } from "./commands/group/create.ts";
import { groupList, groupShow } from "./commands/group/list.ts";
import { groupAdd, groupRemove } from "./commands/group/members.ts";
import { sessionEnd } from "./commands/session/end.ts";
import { sessionList } from "./commands/session/list.ts";
import { tokenCreate } from "./commands/token/create.ts";
import { tokenList } from "./commands/token/list.ts";
import { tokenRevoke } from "./commands/token/revoke.ts";
import { userAdd } from "./commands/user/add.ts";
import { userDisable, userEnable } from "./commands/user/disable.ts";
import { userList } from "./commands/user/list.ts";
import { userRemove } from "./commands/user/remove.ts";
import { userResetTotp } from "./commands/user/reset-totp.ts";
import { userSetPassword } from "./commands/user/set-password.ts";
import { userGrantAdmin, userRevokeAdmin, userSetRole } from "./commands/user/set-role.ts";
import { userShow } from "./commands/user/show.ts";
import { webhookCreate, webhookList, webhookRemove, webhookRotate } from "./commands/webhook/webhook.ts";
import type { Command } from "./define-command.ts";
import { userIdentities } from "./commands/user/identities.ts";
import { userLink } from "./commands/user/link.ts";
import { userUnlink } from "./commands/user/unlink.ts";

export const commands: readonly Command[] = [
  deploy,
  deployCancel,
  gitSetup,
  appList,
  appStatus,
  appLogs,
  appRun,
  appRestart,
  appReload,
  rollback,
  appShow,
  appStart,
  appStop,
  appResetRestarts,
  appPing,
  appOpen,
  appBuildLogs,
  appDisk,
  appEvents,
  appCreate,
  appLaunch,
  appImport,
  appDestroy,
  releaseList,
  releaseShow,
  releaseDiff,
  releasePromote,
  ps,
  psScale,
  top,
  cronList,
  cronRun,
  cronHistory,
  envShow,
  envGet,
  envSet,
  envUnset,
  gitSourceSet,
  gitSourceShow,
  gitSourceRemove,
  webhookCreate,
  webhookList,
  webhookRotate,
  webhookRemove,
  domainList,
  domainAdd,
  domainRemove,
  use,
  contextList,
  contextShow,
  contextCurrent,
  contextUse,
  contextAdd,
  contextInit,
  contextRemove,
  serverList,
  serverShow,
  serverAdd,
  serverUse,
  serverRemove,
  userList,
  userShow,
  userAdd,
  userRemove,
  userDisable,
  userEnable,
  userSetRole,
  userGrantAdmin,
  userRevokeAdmin,
  userSetPassword,
  userResetTotp,
  totpEnable,
  totpDisable,
  recoveryCodes,
  tokenCreate,
  tokenList,
  tokenRevoke,
  sessionList,
  sessionEnd,
  groupList,
  groupShow,
  groupCreate,
  groupAdd,
  groupRemove,
  groupDestroy,
  accessList,
  accessGrant,
  accessRevoke,
  serverInstall,
  serverStart,
  serverUninstall,
  serverAdmin,
  accountLink,
  userLink,
  userUnlink,
  userIdentities,
  systemInfo,
  systemStatus,
  systemLogs,
  events,
  auditVerify,
  auditExport,
  login,
  logout,
  whoami,
  keyAdd,
  keyList,
  keyRemove,
  gitCredential,
  version,
  makeAliases(() => commands),
  makeCompletion(() => commands),
  makeHelp(() => commands),
];
