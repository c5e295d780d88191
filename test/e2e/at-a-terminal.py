"""A person at a terminal of 100 x 30: opens a shell, types, presses Ctrl-C, resizes the window, leaves. Prints what they saw."""

import fcntl
import json
import os
import pty
import re
import select
import struct
import sys
import termios
import time

master, slave = pty.openpty()


def resize(rows, columns):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


resize(30, 100)
before = termios.tcgetattr(slave)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(slave, fd)
    os.execv(sys.argv[1], sys.argv[1:])

screen = ""


def see(pattern, seconds=30):
    """Reads until the pattern shows after what was seen before; returns the match."""
    global screen
    end = time.monotonic() + seconds
    while True:
        found = re.search(pattern, screen)
        if found:
            screen = screen[found.end() :]
            return found
        if time.monotonic() > end:
            sys.exit(f"did not see {pattern!r} in {screen!r}")
        if select.select([master], [], [], 0.1)[0]:
            try:
                screen += os.read(master, 65536).decode("utf8", "replace")
            except OSError:
                sys.exit(f"the client ended; the screen was {screen!r}")


def enter(line):
    os.write(master, line.encode() + b"\r")


seen = {}
see(r"[$#] ")
enter("echo size=$(stty size) type=$TERM.")
found = see(r"size=(\d+ \d+) type=([\w-]+)\.")
seen["size"], seen["type"] = found.group(1), found.group(2)
seen["raw"] = not termios.tcgetattr(slave)[3] & termios.ICANON
enter("echo wait; sleep 1000; echo status=$?.")
see(r"[\r\n]wait\r")
time.sleep(0.5)  # the shell prints before it sleeps
os.write(master, b"\x03")
enter("echo again=$((40+2)).")
seen["interrupted"] = see(r"again=42\.") is not None
resize(50, 132)
for _ in range(50):
    enter("echo now=$(stty size).")
    seen["resized"] = see(r"now=(\d+ \d+)\.").group(1)
    if seen["resized"] != "30 100":
        break
    time.sleep(0.1)
enter("exit 9")
while True:
    ended, status = os.waitpid(pid, os.WNOHANG)
    if ended:
        break
    if select.select([master], [], [], 0.1)[0]:
        os.read(master, 65536)
seen["status"] = os.waitstatus_to_exitcode(status)
seen["restored"] = termios.tcgetattr(slave)[:6] == before[:6]
print(json.dumps(seen))
