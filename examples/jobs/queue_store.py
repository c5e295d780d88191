"""The queue: one SQLite table. The web process adds to it, the workers take from it."""

import os
import sqlite3
import time
from pathlib import Path

# The one directory that survives a redeploy. Outside Hop3 it is ./data.
DATABASE = Path(os.environ.get("HOP3_DATA_DIR", "data")) / "jobs.sqlite3"

# A job whose worker died is taken again after this many seconds.
LEASE = 60


def connect() -> sqlite3.Connection:
    """A connection where every statement commits by itself, and a writer waits up to 5 s for another one."""
    db = sqlite3.connect(DATABASE, timeout=5, isolation_level=None)
    db.row_factory = sqlite3.Row
    return db


def schema_version(db: sqlite3.Connection) -> int:
    return db.execute("PRAGMA user_version").fetchone()[0]


def add(db: sqlite3.Connection, text: str) -> int:
    return db.execute("INSERT INTO jobs (text, added_at) VALUES (?, ?) RETURNING id", (text, time.time())).fetchone()[0]


def latest(db: sqlite3.Connection, limit: int) -> list[sqlite3.Row]:
    return db.execute("SELECT * FROM jobs ORDER BY id DESC LIMIT ?", (limit,)).fetchall()


def waiting(db: sqlite3.Connection) -> int:
    return db.execute("SELECT count(*) FROM jobs WHERE result IS NULL").fetchone()[0]


def take(db: sqlite3.Connection, worker: str) -> sqlite3.Row | None:
    """The oldest job that nobody works on, now this worker's; None when there is none.

    One statement, so that two workers never get the same job.
    """
    now = time.time()
    return db.execute(
        """
        UPDATE jobs SET worker = ?, taken_at = ?
        WHERE id = (
            SELECT id FROM jobs
            WHERE result IS NULL AND (taken_at IS NULL OR taken_at < ?)
            ORDER BY id LIMIT 1
        )
        RETURNING *
        """,
        (worker, now, now - LEASE),
    ).fetchone()


def finish(db: sqlite3.Connection, job: int, result: str) -> None:
    db.execute("UPDATE jobs SET result = ?, done_at = ? WHERE id = ?", (result, time.time(), job))
