/** `hop3 server install`: reads this host, plans, carries the plan out, waits for the server and gives its person a token. */
import { fileURLToPath } from "node:url";
import type { InstallOptions, Installed } from "#cli/server-host.ts";
import { AppError } from "#core/errors.ts";
import { isHostName } from "#core/names.ts";
import { applySteps } from "#install/apply.ts";
import { readBundles } from "#install/bundle.ts";
import { readHostFacts } from "#install/host-facts.ts";
import { places, unitNames } from "#install/places.ts";
import { planInstall, watchedFiles } from "#install/plan-install.ts";
import { actionText } from "#install/step.ts";
import { asHop3d } from "./as-hop3d.ts";
import { alone, hostExec, refuseNotRoot, showUnit } from "./host-tools.ts";
import { checkAcmeRoot } from "./https-settings.ts";
import { invokingPerson, logInPerson } from "./person.ts";
import { withServerFile } from "./server-env.ts";
import { httpsText, refuseTakenNewPort, refuseTakenPorts, untilApi } from "./server-start.ts";
import { readServerSettings } from "./settings.ts";
import { systemIds } from "./system-ids.ts";
import { version } from "./version.ts";

const checkout = fileURLToPath(new URL("../../", import.meta.url));

type Environment = Readonly<Record<string, string | undefined>>;

export async function installServer(env: Environment, options: InstallOptions): Promise<Installed> {
  const { domain, dryRun } = options;
  if (domain !== undefined && !isHostName(domain))
    throw new AppError("INVALID_DOMAIN", "--domain is not a valid domain.");
  if (dryRun) return install(env, options);
  refuseNotRoot("Installing");
  return alone(places.lock, () => install(env, options));
}

async function install(env: Environment, { domain, dryRun, say, signal }: InstallOptions): Promise<Installed> {
  process.umask(0o022);
  const bundles = readBundles({ root: checkout, version, arch: process.arch });
  const names = bundles.map(({ name }) => name);
  const facts = await readHostFacts(showUnit, watchedFiles);
  const steps = planInstall(facts, { bundles: names, domain });
  const hop3 = names.at(-1) ?? version;
  if (dryRun) return { version: hop3, steps, notes: steps.length === 0 ? [`Hop3 ${hop3} is installed.`] : [] };
  const settings = () => readServerSettings(withServerFile({ HOP3_MODE: "system" }), 0);
  checkAcmeRoot(settings().https, "system");
  if (facts.units?.supervisor.active === true) await refuseTakenNewPort(settings());
  else if (facts.units !== undefined) await refuseTakenPorts(settings());
  await applySteps(steps, {
    exec: hostExec,
    bundles,
    onAction: (_, action) => {
      signal.throwIfAborted();
      say(actionText(action));
    },
  });
  const notes = [
    steps.length === 0 ? `Hop3 ${hop3} is installed: nothing had to be changed.` : `Hop3 ${hop3} is installed.`,
  ];
  if (facts.sshd === undefined)
    notes.push(
      "This host has no sshd: git comes by HTTPS alone (`apt-get install openssh-server`, then install again).",
    );
  else if (!facts.sshd.readsDirectory)
    notes.push(
      "This host's sshd does not read /etc/ssh/sshd_config.d/*.conf, so git comes by HTTPS alone until it includes that.",
    );
  if (facts.units === undefined) {
    notes.push("This host has no systemd: `sudo hop3 server start` serves in the foreground.");
    return { version: hop3, steps, notes };
  }
  const current = settings();
  const { apiPort, httpPort, baseDomain } = current;
  const url = `http://127.0.0.1:${apiPort}`;
  await untilApi(url, signal);
  const person = invokingPerson(env);
  const said = await logInPerson(places.current, person, url, () =>
    asHop3d(places.current, current, systemIds(), "token", `${person.name} on this host`),
  );
  if (said !== undefined) notes.push(said);
  notes.push(
    `It serves apps at http://APP.${baseDomain}${httpPort === 80 ? "" : `:${httpPort}`}; \`systemctl status ${unitNames.supervisor}\` and \`hop3 system info\` tell how it is.`,
    httpsText(current),
  );
  return { version: hop3, steps, notes };
}
