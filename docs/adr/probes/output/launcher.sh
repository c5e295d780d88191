#!/bin/sh
# hop3 launcher: sh launcher.sh INSTANCE_DIR COMMAND [ARGUMENT...]
d=$1; shift
trap : TERM INT HUP QUIT USR1 USR2 PIPE ALRM
exec 6<>"$d/status" </dev/null >/dev/null 2>&1
read -r boot </proc/sys/kernel/random/boot_id
read -r stat <"/proc/$$/stat"
start() { shift 19; echo "$1"; }
printf 'boot %s\nlauncher %s %s\n' "$boot" $$ "$(start ${stat##*) })" >&6
mkfifo -m 0622 "$d/out" "$d/err" || exit 1
exec 3<>"$d/out" 4<>"$d/err"

# Copies one FIFO into segments. A segment number left out tells the reader that output was dropped there.
pump() {
  exec <"$d/$1" 3>&- 4>&- 6>&-
  n=1 had=0
  while :; do
    set -- "$1" "$d/$1".*
    if [ $# -le 64 ] && dd bs=16k count=128 status=none >>"$d/$1.$n"; then
      size=$(wc -c <"$d/$1.$n") || size=4194304
      [ "$size" -eq "$had" ] && return
      had=$size
      [ "$size" -ge 4194304 ] && n=$((n + 1)) had=0
    else
      # The end of the stream while dropping: the empty segment is there to say so.
      timeout 1 cat && { : >>"$d/$1.$((n + 2))"; return; }
      n=$((n + 2)) had=0
    fi
  done
}
( pump out ) & a=$!
( pump err ) & b=$!

# In the foreground: after '&' the app would inherit an ignored SIGINT. Own session: a kill of its group spares us.
setsid /bin/sh -c '
  exec 5<"$0/env" >"$0/out" 2>"$0/err"
  rm -f "$0/env"
  read -r stat <"/proc/$$/stat"
  start() { shift 19; echo "app $$ $1"; }
  start ${stat##*) } >&6
  exec 6>&-
  exec "$@"' "$d" "$@" 3>&- 4>&-
s=$?
echo "exit $s" >&6
exec 3>&- 4>&-
while kill -0 $a || kill -0 $b; do wait $a $b; done
echo "drained $s" >&6
