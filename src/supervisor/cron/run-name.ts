/** How a run of a cron job is called in the logs, for who writes them here and who reads them in `hop3d`. */

/** Its process: the name of its logs (log-files.ts), and its PROC_TYPE. */
export function processOf(job: string): string {
  return `cron.${job}`;
}

/** The part of a log run's name that says which run of the job it is. */
export function logIdOf(run: number): string {
  return String(run).padStart(8, "0");
}

/** The number of a run by the name of its log; NaN for what is no run of a cron job. */
export function runOfLog(name: string): number {
  return Number(name.slice(name.lastIndexOf("-") + 1));
}
