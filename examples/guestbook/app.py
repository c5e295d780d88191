"""A guestbook: one page that shows what visitors wrote, and a form to add a line."""

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, abort, g, redirect, render_template, request, url_for

NAME_MAX = 60
MESSAGE_MAX = 500
SHOWN = 100

# The one directory that survives a redeploy. Outside Hop3 it is ./data.
DATABASE = Path(os.environ.get("HOP3_DATA_DIR", "data")) / "guestbook.sqlite3"

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 16 * 1024


def connect() -> sqlite3.Connection:
    # A writer waits up to 5 s for another one: two instances run side by side during a deploy.
    db = sqlite3.connect(DATABASE, timeout=5)
    db.row_factory = sqlite3.Row
    return db


def create_schema() -> None:
    DATABASE.parent.mkdir(parents=True, exist_ok=True)
    db = connect()
    with db:
        db.execute(
            "CREATE TABLE IF NOT EXISTS entries"
            " (id INTEGER PRIMARY KEY, name TEXT NOT NULL, message TEXT NOT NULL, signed_at TEXT NOT NULL)"
        )
    db.close()


create_schema()


def database() -> sqlite3.Connection:
    """This request's connection, closed when the request ends."""
    if "db" not in g:
        g.db = connect()
    return g.db


@app.teardown_appcontext
def close_database(_error: BaseException | None) -> None:
    db = g.pop("db", None)
    if db is not None:
        db.close()


@app.before_request
def refuse_foreign_forms() -> None:
    # A browser says where a form was sent from. There is no login to steal here, but no other
    # site shall make its visitors sign.
    foreign = request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")
    if request.method == "POST" and foreign:
        abort(403, "The form was sent from another site.")


@app.after_request
def harden(response):
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@app.get("/")
def show():
    return page()


@app.post("/")
def sign():
    name = one_line(request.form.get("name", ""))
    message = request.form.get("message", "").strip()
    problem = what_is_wrong(name, message)
    if problem is not None:
        return page(problem, name, message), 400
    signed_at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    with database() as db:
        db.execute("INSERT INTO entries (name, message, signed_at) VALUES (?, ?, ?)", (name, message, signed_at))
    # 303: the browser fetches the page anew, so that a reload does not sign twice.
    return redirect(url_for("show"), code=303)


def what_is_wrong(name: str, message: str) -> str | None:
    if not name or not message:
        return "Please fill in both your name and a message."
    if len(name) > NAME_MAX:
        return f"A name may have {NAME_MAX} characters."
    if len(message) > MESSAGE_MAX:
        return f"A message may have {MESSAGE_MAX} characters."
    return None


def one_line(text: str) -> str:
    return " ".join(text.split())


def page(problem: str | None = None, name: str = "", message: str = "") -> str:
    entries = database().execute("SELECT * FROM entries ORDER BY id DESC LIMIT ?", (SHOWN,)).fetchall()
    (count,) = database().execute("SELECT count(*) FROM entries").fetchone()
    return render_template(
        "guestbook.html",
        entries=entries,
        count=count,
        problem=problem,
        name=name,
        message=message,
        name_max=NAME_MAX,
        message_max=MESSAGE_MAX,
    )
