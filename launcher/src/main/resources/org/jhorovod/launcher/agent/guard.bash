# Ends what an agent has started when that agent can no longer do so: because it was killed, and
# its end of the pipe on standard input closed, or because it is stopped, and no line comes.
#
# Arguments: a fifth of the seconds of silence after which the agent counts as stopped; its pid, 0 if
# it must not be killed then. Lines: "+ GROUP" and "- GROUP" name process groups, "folder PATH" that of the
# secret, "." says that the agent lives, "done" that nothing is left to end.

declare -A groups=()
folder=

# All living processes of the groups, and of sessions with such a number; and whoever was just
# started with the secret but has not been named any more.
members() {
  local file line pid fields
  for file in /proc/[0-9]*/stat; do
    line=
    { read -r -d '' line <"$file"; } 2>/dev/null
    [[ $line ]] || continue
    pid=${line%% *}
    read -r -a fields <<<"${line##*) }" # state, parent, group, session
    [[ ${fields[0]} == [ZX] ]] && continue
    [[ ${groups[$pid]-}${groups[${fields[2]}]-}${groups[${fields[3]}]-} ]] && echo "$pid"
  done
  if [[ $folder ]]; then
    grep -lzsF "JHOROVOD_SECRET_FILE=$folder/" /proc/[0-9]*/environ | cut -d / -f 3
  fi
}

# Hundredths of a second since the host's start; no change of the clock moves it.
now() {
  local uptime rest
  read -r uptime rest </proc/uptime
  echo "$((10#${uptime/./}))"
}

# Sends a signal to all that are left, until none is or these hundredths of a second have passed.
signal() {
  local left again=1 end=$(($(now) + $2))
  while (($(now) < end)); do
    mapfile -t left < <(members)
    ((${#left[@]})) || return
    if ((again)); then
      kill -s "$1" "${left[@]}" 2>/dev/null
    fi
    [[ $1 == KILL ]] || again=0
    sleep 0.1
  done
}

# Several short silences in a row and not one long one: bash goes by the clock, and where this script
# was frozen beside the agent, the clock has gone on while neither could do anything.
silences=0
while true; do
  read -r -t "$1" word value
  status=$?
  if ((status)); then
    # More than 128 is a silence: then the agent still holds the pipe, so the pid is still its own.
    if ((status > 128 && ++silences < 5)); then
      continue
    fi
    if ((status > 128 && $2 > 0)); then
      kill -s KILL "$2" 2>/dev/null
    fi
    break
  fi
  silences=0
  case $word in
    +) groups[$value]=1 ;;
    -) unset "groups[$value]" ;;
    folder) folder=$value ;;
    done) exit 0 ;;
  esac
done

signal TERM 150
signal KILL 500
if [[ $folder ]]; then
  rm -rf -- "$folder"
fi
