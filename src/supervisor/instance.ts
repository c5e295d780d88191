/**
 * The life of one supervised process (an instance of an app, or a service), as data: states, events, and the pure
 * `transition` between them. It knows nothing of processes, files or time; `supervised.ts` performs the effects.
 *
 *   pending -> starting -> ready -> draining -> stopping -> killing -> gone
 *
 * What has drained may be kept `warm` for a while before it is stopped, and then serves again without a start (warm.ts).
 *
 * A release that has not proved itself gets one try (`failed` when it ends, ready or not); what is live comes back with a
 * growing wait (`restarting`, `backoff`), unless its policy lets it stay `ended` or it came back too often (`exhausted`).
 */

export const instanceStates = [
  "pending", // desired, never started
  "starting", // first try of an unproven release; not ready yet
  "restarting", // a start of something proven; not ready yet
  "ready", // serves (http) or stays up (none)
  "backoff", // ended by itself; comes back after a wait
  "draining", // leaves: out of the slots, waits for its connections to end
  "warm", // has left and has no connection any more; runs on for a while, in no slot
  "stopping", // leaves: TERM was sent
  "killing", // leaves: KILL was sent
  "recycling", // TERM was sent and it starts again at once (restart of a service)
  "expiring", // proven, did not get ready in time: being killed, comes back after a wait
  "rejecting", // unproven, did not get ready in time: being killed for good
  "failed", // unproven and ended: stays so until it is retired or proved
  "ended", // ended by itself, and its policy lets it stay so
  "exhausted", // proven, and came back too often in a row: stays down until somebody asks for it
  "gone", // nothing of it is left
] as const;
export type InstanceState = (typeof instanceStates)[number];

export const instanceEvents = [
  "try", // start it as unproven
  "begin", // start it as proven
  "ready", // listens, or stayed up
  "exit", // its whole tree has ended
  "finish", // the same, and its policy does not bring it back
  "give-up", // the same, once too often
  "start-timeout",
  "retry-due", // the wait of a backoff is over
  "retire", // leave without cutting connections
  "drained", // no connection is left, or the grace is over
  "keep", // no connection is left, and it is to be kept for a while
  "cooled", // the time for which it was kept is over, or there is no memory for it any more
  "take", // a release that runs the very same thing takes it over
  "stop", // leave now
  "stop-timeout",
  "recycle", // end and start again
  "reset", // somebody wants it tried again, now
  "prove", // its release has become the live one
] as const;
export type InstanceEvent = (typeof instanceEvents)[number];

export type InstanceEffect =
  | "spawn"
  | "term"
  | "kill"
  /** Wait until nothing is connected. */
  | "drain"
  /** Write down that it is kept, and start the wait for its end. */
  | "keep-warm"
  /** Compute the app's slots anew; always before a TERM. */
  | "slots"
  /** Start the wait of the backoff. */
  | "arm-retry"
  /** Write down that it is over. */
  | "note-over"
  /** Nothing of it is left: forget its port, socket and directory. */
  | "forget";

type Step = readonly [InstanceState, readonly InstanceEffect[]];

/**
 * The next state and what to do, in order. An event that means nothing in a state changes nothing. `proven`: its release
 * is, or was, the live one; until then there is one try, whether or not it has got ready.
 */
export function transition(state: InstanceState, event: InstanceEvent, proven: boolean): Step {
  const nothing: Step = [state, []];
  if (event === "finish" || event === "give-up") return over(state, event, proven) ?? transition(state, "exit", proven);
  switch (state) {
    case "pending":
      if (event === "try") return ["starting", ["spawn"]];
      if (event === "begin") return ["restarting", ["spawn"]];
      return leaves(event) ? ["gone", ["forget"]] : nothing;
    case "starting":
      if (event === "ready") return ["ready", ["slots"]];
      if (event === "exit") return ["failed", []];
      if (event === "start-timeout") return ["rejecting", ["kill"]];
      if (event === "prove") return ["restarting", []];
      return leaves(event) ? ["stopping", ["term"]] : nothing;
    case "restarting":
      if (event === "ready") return ["ready", ["slots"]];
      if (event === "exit") return ["backoff", ["arm-retry"]];
      if (event === "start-timeout") return ["expiring", ["kill"]];
      if (event === "recycle") return ["recycling", ["term"]];
      return leaves(event) ? ["stopping", ["term"]] : nothing;
    case "ready":
      if (event === "exit") return proven ? ["backoff", ["slots", "arm-retry"]] : ["failed", ["slots"]];
      if (event === "recycle") return ["recycling", ["slots", "term"]];
      if (event === "retire") return ["draining", ["slots", "drain"]];
      if (event === "stop") return ["stopping", ["slots", "term"]];
      return nothing;
    case "backoff":
      if (event === "retry-due" || event === "recycle" || event === "reset") return ["restarting", ["spawn"]];
      return leaves(event) ? ["gone", ["forget"]] : nothing;
    case "draining":
      if (event === "keep") return ["warm", ["keep-warm"]];
      if (event === "drained" || event === "stop") return ["stopping", ["term"]];
      return event === "exit" ? ["gone", ["forget"]] : nothing;
    case "warm":
      if (event === "take") return ["ready", ["slots"]];
      if (event === "cooled" || leaves(event)) return ["stopping", ["term"]];
      return event === "exit" ? ["gone", ["forget"]] : nothing;
    case "stopping":
      if (event === "stop-timeout") return ["killing", ["kill"]];
      return event === "exit" ? ["gone", ["forget"]] : nothing;
    case "killing":
      return event === "exit" ? ["gone", ["forget"]] : nothing;
    case "recycling":
      if (event === "exit") return ["restarting", ["spawn"]];
      // Its TERM was sent already; a KILL is due all the same, and the exit that follows starts it again.
      if (event === "stop-timeout") return ["recycling", ["kill"]];
      return leaves(event) ? ["stopping", ["term"]] : nothing;
    case "expiring":
      if (event === "exit") return ["backoff", ["arm-retry"]];
      return leaves(event) ? ["killing", []] : nothing;
    case "rejecting":
      if (event === "exit") return ["failed", []];
      if (event === "prove") return ["expiring", []];
      return leaves(event) ? ["killing", []] : nothing;
    case "failed":
      if (event === "prove") return ["restarting", ["spawn"]];
      return leaves(event) ? ["gone", ["forget"]] : nothing;
    case "ended":
    case "exhausted":
      // Of a renewal that has not taken over yet, it has one try still.
      if (event === "reset") return [proven ? "restarting" : "starting", ["spawn"]];
      return leaves(event) ? ["gone", ["forget"]] : nothing;
    case "gone":
      return nothing;
  }
}

/** An end that is not answered with a start; undefined where it is an exit as any other. */
function over(state: InstanceState, event: "finish" | "give-up", proven: boolean): Step | undefined {
  if (state !== "starting" && state !== "restarting" && state !== "ready" && state !== "expiring") return undefined;
  const slots: readonly InstanceEffect[] = state === "ready" ? ["slots"] : [];
  if (event === "finish") return ["ended", [...slots, "note-over"]];
  return proven && state !== "starting" ? ["exhausted", [...slots, "note-over"]] : undefined;
}

function leaves(event: InstanceEvent): boolean {
  return event === "retire" || event === "stop";
}

const only =
  (...states: readonly InstanceState[]) =>
  (state: InstanceState): boolean =>
    states.includes(state);

const isIdle = only("pending", "backoff", "failed", "ended", "exhausted", "gone");

/** True while a process of it may exist. */
export const isRunning = (state: InstanceState): boolean => !isIdle(state);

/** True for one that has ended without being asked to. */
export const isDown = only("backoff", "failed", "ended", "exhausted");

/** True while it has the time of its stop timeout to end. */
export const isAsked = only("stopping", "recycling");

/** True when its end is what was wanted. */
export const isLeaving = only("stopping", "recycling", "killing", "draining");

/** True where its end is told only when its last output is in the log. */
export const hasLastWords = only("stopping", "killing", "draining", "warm", "starting", "rejecting");
