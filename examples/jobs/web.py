"""The web process: a form that adds jobs, and the list of what the workers made of them."""

import os
import signal
import threading
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

from queue_store import add, connect, latest, schema_version, waiting

TEXT_MAX = 2000
# A character is at most 12 bytes of a form (%F0%9F%98%80).
BODY_MAX = 12 * TEXT_MAX + 100
PAGE = (Path(__file__).parent / "page.html").read_text()


class Handler(BaseHTTPRequestHandler):
    # HTTP/1.0, this class's default: a connection an answer, so none is open and idle when the process is to stop.

    # Seconds that a client may be silent for: stopping waits no longer than that either.
    timeout = 5

    def do_GET(self) -> None:
        if self.path != "/":
            return self.answer(404, "There is nothing here.")
        self.answer(200, render(), "text/html")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > BODY_MAX:
            return self.answer(413, f"A form may have {BODY_MAX} bytes.")
        body = self.rfile.read(int(length)).decode(errors="replace")
        if self.path != "/":
            return self.answer(404, "There is nothing here.")
        if self.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            return self.answer(403, "The form was sent from another site.")
        text = parse_qs(body).get("text", [""])[0].strip()
        if not text or len(text) > TEXT_MAX:
            return self.answer(400, f"A job has 1 to {TEXT_MAX} characters.")
        db = connect()
        job = add(db, text)
        db.close()
        print(f"job {job} added", flush=True)
        self.answer(303, "", headers={"Location": "/"})

    def answer(self, status: int, text: str, kind: str = "text/plain", headers: dict[str, str] | None = None) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the edge knows who asked for what."""


def render() -> str:
    db = connect()
    rows = "".join(
        f"<tr><td>{job['id']}<td>{escape(job['text'][:80])}<td>{escape(job['result'] or 'waiting')}"
        f"<td>{escape(job['worker'] or '')}</tr>"
        for job in latest(db, 50)
    )
    page = (
        PAGE.replace("{{schema}}", str(schema_version(db)))
        .replace("{{waiting}}", str(waiting(db)))
        .replace("{{rows}}", rows or '<tr><td colspan="4">No job yet.</tr>')
    )
    db.close()
    return page


def main() -> None:
    port = int(os.environ.get("PORT", "8000"))
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    # Non-daemon threads: requests in flight are answered before the process ends.
    server.daemon_threads = False
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"listening on 127.0.0.1:{port}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()


if __name__ == "__main__":
    main()
