#!/bin/sh
# Way A: the app writes to a FIFO, the supervisor reads it. This shell holds it open, so the app never gets SIGPIPE.
d=$1; shift
trap : TERM INT HUP QUIT
exec 6<>"$d/status" </dev/null >/dev/null 2>&1
mkfifo -m 0622 "$d/out" "$d/err" || exit 1
exec 3<>"$d/out" 4<>"$d/err"
setsid sh -c 'exec >"$0/out" 2>"$0/err" 3>&- 4>&- 6>&-; exec "$@"' "$d" "$@"
echo "exit $?" >&6
