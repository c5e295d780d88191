/**
 * Granian in one process instead of two. It starts a process for each of its workers and watches them; with one worker the
 * watcher is 9 MB that do nothing (docs/benchmarks.md), for watching and starting again is the supervisor's. So a module that
 * is put beside Granian has the one worker run where it was started. It uses what Granian does not promise, hence only the
 * Granian that we install; in all other cases, and with several workers, Granian runs as it is.
 */
import type { BuildStep } from "#core/records.ts";
import { stepTimeout } from "#core/shell-step.ts";

/** Takes the options of `python -m granian`. */
export const aloneModule = "hop3_granian";

const module = `"""Granian, with its one worker in this process."""
import atexit
import os
import signal
import sys

from granian.cli import entrypoint
from granian.server import mp

Process = mp.WorkerProcess


class Here(Process):
    def _spawn(self, target, args):
        self.serve = lambda: target(*args)

    def start(self):
        # Until the worker listens for them. Granian's own way would note them and go on.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        try:
            self.serve()
        finally:
            # The worker has closed the socket that both know.
            self.parent._sso.detach()
            self.parent._sso = None
        self.parent.signal_handler_interrupt()

    def is_alive(self):
        return False

    def terminate(self):
        pass

    def join(self, timeout=None):
        pass


def worker(parent, **options):
    watched = (
        parent.workers > 1
        or parent.workers_lifetime
        or parent.workers_rss
        or parent.respawn_failed_workers
        or parent.reload_on_changes
        or parent.metrics_enabled
    )
    return (Process if watched else Here)(parent=parent, **options)


mp.WorkerProcess = worker
status = None
try:
    entrypoint()
except SystemExit as end:
    status = end.code
if status is not None and not isinstance(status, int):
    print(status, file=sys.stderr)
    status = 1
# What the app asked for at its end, and no taking apart of the interpreter: Granian's threads may still hold on to it, and
# abort. The processes that Granian starts for its workers end the same way.
atexit._run_exitfuncs()
for stream in (sys.stdout, sys.stderr):
    stream.flush()
os._exit(status or 0)
`;

const put = `import pathlib, py_compile, sys, sysconfig
path = pathlib.Path(sysconfig.get_path("purelib"), "${aloneModule}.py")
path.write_text(sys.argv[1])
py_compile.compile(str(path), doraise=True)`;

/** Puts the module into the app's environment. */
export const aloneStep: BuildStep = {
  name: "Granian in one process",
  argv: ["{tree}/.venv/bin/python", "-c", put, module],
  cwd: ".",
  timeout: stepTimeout,
};
