#!/bin/sh
# Way C: the app writes straight to append-only spool files.
d=$1; shift
trap : TERM INT HUP QUIT
exec 6<>"$d/status" </dev/null >/dev/null 2>&1
setsid sh -c 'exec >>"$0/raw.out" 2>>"$0/raw.err" 6>&-; exec "$@"' "$d" "$@"
s=$?
printf 'exit %s\ndrained %s\n' $s $s >&6
