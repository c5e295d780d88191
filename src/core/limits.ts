/**
 * Numbers that several floors must agree on, so that what one takes no other refuses later. The supervisor's ceilings,
 * which no record can raise, stand on them (supervisor/limits.ts).
 */

/** Most instances of one process type. */
export const instancesMax = 64;

/** Most process types of an app, hooks left out. */
export const processesMax = 50;

/** Longest time that an app may take to listen, in seconds. */
export const startTimeoutMax = 600;

/** Longest time that one try of a health check may take, in seconds. */
export const probeTimeoutMax = 600;

/** Longest time in which failures of a health check may not count, in seconds. */
export const startPeriodMax = 3600;

/** Longest time that a one-off command or terminal may take, in seconds. */
export const sessionTimeoutMax = 24 * 3600;

/** Longest value of an environment variable, in UTF-16 units: with its name it fits into the 128 KiB that the kernel takes. */
export const envValueMax = 32 * 1024;

/** Seconds for which old instances are kept warm unless the app says so, and the longest time that it may say. */
export const keepWarmStandard = 300;
export const keepWarmMax = 3600;

/** Most cron jobs of an app. */
export const cronJobsMax = 50;

/** Seconds that a run of a cron job may take unless the app says so, and the longest time that it may say. */
export const cronTimeoutStandard = 3600;
export const cronTimeoutMax = 86_400;
