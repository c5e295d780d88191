#!/bin/sh
# Way B: FIFO, cat, one append-only spool file for each stream.
d=$1; shift
trap : TERM INT HUP QUIT
exec 6<>"$d/status" </dev/null >/dev/null 2>&1
mkfifo -m 0622 "$d/out" "$d/err" || exit 1
exec 3<>"$d/out" 4<>"$d/err"
pump() { exec <"$d/$1" 3>&- 4>&- 6>&-; until cat >>"$d/raw.$1"; do timeout 1 cat >/dev/null; done; }
( pump out ) & a=$!
( pump err ) & b=$!
setsid sh -c 'exec >"$0/out" 2>"$0/err" 3>&- 4>&- 6>&-; exec "$@"' "$d" "$@"
s=$?
echo "exit $s" >&6
exec 3>&- 4>&-
while kill -0 $a || kill -0 $b; do wait $a $b; done
echo "drained $s" >&6
