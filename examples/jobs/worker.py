"""The worker: takes one job at a time and writes down what came out."""

import hashlib
import os
import signal
import threading

from queue_store import connect, finish, take

NAME = os.environ.get("PROC_TYPE", "worker")


def work(text: str) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{len(text.split())} words, sha256 {digest[:16]}"


def main() -> None:
    stop = threading.Event()
    # TERM comes at a deploy or a scale-down: the job in hand is finished, no other is taken.
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())

    db = connect()
    print(f"{NAME} is waiting for jobs", flush=True)
    while not stop.is_set():
        job = take(db, NAME)
        if job is None:
            stop.wait(0.5)
            continue
        finish(db, job["id"], work(job["text"]))
        print(f"{NAME} finished job {job['id']}", flush=True)
    db.close()
    print(f"{NAME} stops", flush=True)


if __name__ == "__main__":
    main()
