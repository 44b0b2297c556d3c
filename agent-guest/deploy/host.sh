#!/bin/sh
# What `salvo deploy` does on an agent's host, a verb at a time; as root. Every fact goes to stdout, every problem to stderr.
#   /opt/salvo/VERSION-HASH   the program, and current, a link to the one in use
#   /etc/salvo/agent.yaml     the agent's own file
#   /var/lib/salvo            its identity and its data
set -eu
umask 022
opt=/opt/salvo
config=/etc/salvo/agent.yaml
state=/var/lib/salvo
unit=/etc/systemd/system/salvo-agent.service
# Only where there is no systemd.
pid_file=/run/salvo-agent.pid
log=/var/log/salvo-agent.log
# As old as the last start by deploy.
started=/run/salvo-agent.started
# Of the file that deploy itself wrote: one that was changed since is its owner's.
written=$opt/agent.yaml.sha256

fail() { echo "$*" >&2; exit 1; }
has_systemd() { [ -d /run/systemd/system ]; }
sum() { sha256sum <"$1" | cut -d" " -f1; }
is_as_written() { [ -f $written ] && [ "$(cat $written)" = "$(sum $config)" ]; }

# The processes of agents whose program was installed here, also of agents that a person started by hand.
agent_pids() {
  ls -l /proc/[0-9]*/exe 2>/dev/null | sed -n "s#.* /proc/\([0-9]*\)/exe -> $opt/.*#\1#p"
}

# The agent that deploy started; otherwise one that was started by hand.
running_pid() {
  if has_systemd; then pid=$(systemctl show --property MainPID --value salvo-agent 2>/dev/null || :)
  else pid=$(cat "$pid_file" 2>/dev/null || :); fi
  case "$(readlink "/proc/${pid:-none}/exe" 2>/dev/null || :)" in
    "$opt"/*) echo "$pid" ;;
    *) agent_pids | head -n 1 ;;
  esac
}

# The folder in which that program is.
running() {
  pid=$(running_pid)
  [ -z "$pid" ] || basename "$(dirname "$(readlink "/proc/$pid/exe")")"
}

unit_state() {
  if ! has_systemd; then echo "none"
  elif ! systemctl is-enabled --quiet salvo-agent 2>/dev/null; then echo "other"
  elif cmp -s "$unit" "$opt/current/salvo-agent.service"; then echo "same"
  else echo "other"; fi
}

facts() {
  echo "system=$(uname -s) $(uname -m)"
  echo "uid=$(id -u)"
  for tool in tar gzip sha256sum setsid base64 mktemp cmp; do command -v $tool >/dev/null || echo "missing=$tool"; done
  echo "systemd=$(if has_systemd; then echo yes; else echo no; fi)"
  echo "current=$(if [ -L $opt/current ]; then readlink $opt/current; fi)"
  for each in "$opt"/*/node; do [ -x "$each" ] && echo "installed=$(basename "$(dirname "$each")")"; done
  echo "running=$(running)"
  echo "unit=$(unit_state)"
  echo "fio=$(fio --version 2>/dev/null || :)"
  echo "package=$(for each in apt-get dnf zypper pacman apk; do command -v $each >/dev/null && echo $each && break; done)"
  echo "free=$(df -Pk "$(if [ -d /opt ]; then echo /opt; else echo /; fi)" | tail -n 1 | awk '{ print $4 }')"
  for each in /proc/[0-9]*; do
    [ "$(cat "$each/comm" 2>/dev/null || :)" = fio ] && echo "fio-in=$(readlink "$each/cwd" || :)"
  done
  [ ! -f $config ] || echo "config=$(base64 -w0 <$config)"
  if [ -f $started ] && [ $config -nt $started ]; then echo "config-is=newer"; fi
  if [ -f $config ] && is_as_written; then echo "config-by=deploy"; fi
}

# Without the key. $1: the folder.
certificate() {
  [ ! -f "$1/identity.pem" ] || sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/p' "$1/identity.pem"
}

# Another user may have put the archive there, and may change it still: what is verified is root's own copy.
# $1: the archive, $2: its sha256, $3: the name of its folder
place() {
  new=$opt/$3.new
  mkdir -p $opt
  rm -rf "$new"
  mkdir "$new"
  cp "$1" "$new/archive"
  found=$(sum "$new/archive")
  [ "$found" = "$2" ] || { rm -rf "$new"; fail "the archive arrived damaged: its sha256 is $found, not $2"; }
  tar -xzf "$new/archive" -C "$new" --no-same-owner || { rm -rf "$new"; fail "the archive cannot be unpacked"; }
  rm "$new/archive"
  chmod 755 "$new"
  rm -rf "${opt:?}/$3"
  mv "$new" "$opt/$3"
  sync
}

# The agent's file from stdin. A file that its owner wrote or changed is left alone.
config() {
  mkdir -p "$(dirname $config)" $opt
  [ ! -e $config ] || is_as_written || fail "$config was changed on this host since deploy wrote it"
  cat >$config.new
  sum $config.new >$written
  mv $config.new $config
}

# The token from stdin. $1: the program's folder, $2: where to join, $3: where the identity goes
join() {
  umask 077
  token=$(mktemp /run/salvo-token.XXXXXXXX)
  trap 'rm -f "$token"' EXIT
  cat >"$token"
  "$opt/$1/salvo-agent-guest" join --controller "$2" --token-file "$token" --dir "$3" --config $config
}

# Makes a program the one in use, and starts it anew. $1: its folder
activate() {
  [ -x "$opt/$1/node" ] || fail "$opt/$1 is not there"
  stop
  ln -sfn "$1" $opt/current.new
  mv -T $opt/current.new $opt/current
  start
}

start() {
  touch $started
  if has_systemd; then
    cp $opt/current/salvo-agent.service $unit.new
    mv $unit.new $unit
    systemctl daemon-reload
    systemctl --quiet enable salvo-agent
    systemctl restart salvo-agent
  else
    mkdir -p $state /var/cache/salvo
    cd /
    # The shell becomes the agent: its pid is the one that it has written.
    NODE_COMPILE_CACHE=/var/cache/salvo setsid sh -c 'umask 077; echo $$ >"$1"; exec "$2" --config "$3"' sh \
      $pid_file $opt/current/salvo-agent-guest $config </dev/null >>$log 2>&1 &
  fi
}

# The agent ends its run and its fio in order; it is killed when it takes too long. Agents started by hand end as well.
stop() {
  if has_systemd && [ -f $unit ]; then systemctl stop salvo-agent; fi
  for pid in $(agent_pids); do end "$pid"; done
  rm -f $pid_file
}

# $1: a process
end() {
  kill "$1" 2>/dev/null || return 0
  waited=0
  while [ -d "/proc/$1" ] && [ $waited -lt 200 ]; do
    sleep 0.1
    waited=$((waited + 1))
  done
  [ ! -d "/proc/$1" ] || kill -9 "$1" 2>/dev/null || :
}

# What the agent said last.
said() {
  if has_systemd; then journalctl --unit salvo-agent --lines 20 --output cat --no-pager
  else tail -n 20 $log; fi
}

# Programs but the ones named: those that were in use before the last.
prune() {
  for each in "$opt"/*; do
    [ -d "$each" ] && [ ! -L "$each" ] || continue
    keep=
    for name in "$@"; do [ "$(basename "$each")" = "$name" ] && keep=yes; done
    [ -n "$keep" ] || rm -rf "$each"
  done
}

# What remove leaves on this host, a line each. $1: the agent's data, $2: its identity
kept() {
  claims=$(ls "$1/claims" 2>/dev/null | sed 's/\.json$//' | tr '\n' ' ')
  [ -z "$(ls "$1/runs" 2>/dev/null || :)" ] || echo "kept=$1: it holds records of runs that nobody has collected"
  [ -z "$claims" ] ||
    echo "kept=$1: this agent has claimed the disks ${claims% }; to take their labels away, ${again:-}release each first with: $opt/current/salvo-agent-guest devices release NAME --config $config"
  if [ "$1" != $state/agent ]; then [ ! -d "$1" ] || echo "kept=$1: deploy did not choose this folder"
  elif [ -f "$1/audit.jsonl" ]; then echo "kept=$1/audit.jsonl: it tells what was done on this host"; fi
  if [ "$2" != $state/identity ]; then
    for folder in "$2" $state/identity; do
      [ ! -d "$folder" ] || echo "kept=$folder: it may hold the agent's key; remove it when no agent needs it"
    done
  fi
  for each in $state/* $state/.[!.]*; do
    case "$each" in $state/agent | $state/identity) ;; *) [ ! -e "$each" ] || echo "kept=$each: deploy did not make it" ;; esac
  done
  [ ! -f $config ] || is_as_written || echo "kept=$config: it was changed since deploy wrote it"
}

# Says what it keeps. $1: the agent's data, $2: its identity
remove() {
  again='deploy the agent again and '
  kept "$@"
  stop
  if has_systemd && [ -f $unit ]; then
    systemctl --quiet disable salvo-agent
    rm -f $unit
    systemctl daemon-reload
    systemctl reset-failed salvo-agent 2>/dev/null || :
  fi
  if [ "$1" = $state/agent ] && [ -z "$(ls "$1/runs" "$1/claims" 2>/dev/null | grep -v : || :)" ] && [ -d "$1" ]; then
    find "$1" -mindepth 1 -maxdepth 1 ! -name audit.jsonl -exec rm -rf {} +
    rmdir "$1" 2>/dev/null || :
  fi
  [ "$2" != $state/identity ] || rm -rf "$2"
  if [ -f $config ] && is_as_written; then rm $config; fi
  rm -rf $opt /var/cache/salvo $log $pid_file $started
  rmdir "$(dirname $config)" $state 2>/dev/null || :
}

verb=$1
shift
"$verb" "$@"
