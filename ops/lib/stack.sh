# shellcheck shell=bash disable=SC2034,SC2154
# A private Redis and the four daemons. Expects say.sh and children.sh, and:
#   run      the run directory, which is the working directory (so that the socket's path stays short)
#   programs the build directory with the programs
# Leaves in ctl_environment what ttctl needs to find the daemons, and in page the address of the statistics page.

daemons=(patent-alertd achievement-ingestd loan-matchd statisticsd)
declare -A daemon_folder=([patent-alertd]=patent_alert [achievement-ingestd]=achievement_ingest [loan-matchd]=loan_match
                          [statisticsd]=statistics)
declare -A daemon_stream=([patent-alertd]=PATENT [achievement-ingestd]=ACHIEVEMENT [loan-matchd]=FINANCE [statisticsd]=STATISTICS)
declare -A daemon_port=([patent-alertd]=5710 [achievement-ingestd]=5720 [loan-matchd]=5730 [statisticsd]=5740)
declare -A http_port=()
ctl_environment=()

# wait_for SECONDS WHAT LOG COMMAND...: until the command succeeds; fails at once if a child has ended. A script that runs slow programs sets patience,
# by which the seconds are multiplied.
wait_for () {
    local limit=$((SECONDS + $1 * ${patience:-1})) what=$2 log=$3 dead
    shift 3
    until "$@" >/dev/null 2>&1; do
        dead=$(dead_child)
        [[ -z $dead ]] || fail "$dead has ended while waiting until $what" "log/$dead.log"
        ((SECONDS < limit)) || fail "gave up waiting until $what" "$log"
        sleep 0.1
    done
}

write_redis_config () {
    cat >redis.conf <<'END'
# Written by the quickstart for its private Redis: no port, a socket in this directory, every write on disk before the answer.
port 0
unixsocket ../redis.sock
unixsocketperm 700
dir ./redis
appendonly yes
appendfsync always
save ""
daemonize no
END
}

redis_answers () {
    [[ $(redis-cli -s ./redis.sock ping 2>/dev/null) == PONG ]]
}

start_redis () {
    write_redis_config
    mkdir -p redis
    start_child redis-server log/redis-server.log redis-server ./redis.conf
    wait_for 60 "Redis answers on $run/redis.sock" log/redis-server.log redis_answers
}

# used_port PORT...: prints the first one that cannot be bound.
used_port () {
    python3 -c '
import socket, sys
for port in map(int, sys.argv[1:]):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            sys.exit(print(port))
' "$@"
}

# endpoint DAEMON NAME: as the daemon wrote it when it had bound.
endpoint () {
    sed -n "s/.*\"$2\":\"\{0,1\}\([^\",]*\).*/\1/p" "endpoints/$1.json"
}

# The flags that say where a daemon binds: its own ports, or free ones if one of them is taken.
place_flags () {
    local name=$1 base=$2 used
    used=$(used_port "$base" $((base + 1)) $((base + 2)) $((base + 3)))
    if [[ -n $used ]]; then
        say "    port $used is in use by another program: $name takes free ports (or choose with --ports)" >&2
        printf '%s\n' '--commands.endpoint=tcp://127.0.0.1:*' '--events.endpoint=tcp://127.0.0.1:*' '--replay.endpoint=tcp://127.0.0.1:*' \
            '--http.bind=127.0.0.1:0'
    else
        printf '%s\n' "--commands.endpoint=tcp://127.0.0.1:$base" "--events.endpoint=tcp://127.0.0.1:$((base + 1))" \
            "--replay.endpoint=tcp://127.0.0.1:$((base + 2))" "--http.bind=127.0.0.1:$((base + 3))"
    fi
}

# statisticsd listens to the other three.
source_flags () {
    local name stream
    for name in patent-alertd achievement-ingestd loan-matchd; do
        stream=${daemon_stream[$name],,}
        printf '%s\n' "--statistics.sources.$stream.events=$(endpoint "$name" events)" "--statistics.sources.$stream.replay=$(endpoint "$name" replay)" \
            "--statistics.sources.$stream.commands=$(endpoint "$name" commands)"
    done
}

is_ready () {
    [[ -s endpoints/$1.json ]] && curl -sf --max-time 2 "http://127.0.0.1:$(endpoint "$1" http_port)/readyz"
}

start_daemon () {
    local name=$1 flags
    mapfile -t flags < <(place_flags "$name" "${daemon_port[$name]}")
    [[ $name != statisticsd ]] || mapfile -t -O ${#flags[@]} flags < <(source_flags)
    rm -f "endpoints/$name.json"
    start_child "$name" "log/$name.log" "$programs/services/${daemon_folder[$name]}/$name" --redis.endpoints=unix:./redis.sock \
        "--endpoints.file=endpoints/$name.json" "${flags[@]}"
}

await_daemon () {
    local name=$1
    wait_for 60 "$name is ready" "log/$name.log" is_ready "$name"
    http_port[$name]=$(endpoint "$name" http_port)
    remember_endpoints "$name" "${daemon_stream[$name]}"
    say "    $name: commands $(endpoint "$name" commands), health http://127.0.0.1:${http_port[$name]}/readyz"
}

remember_endpoints () {
    ctl_environment+=("TT_$2_ENDPOINTS=$(endpoint "$1" commands)" "TT_$2_EVENTS=$(endpoint "$1" events)"
                      "TT_$2_REPLAY=$(endpoint "$1" replay)" "TT_$2_HTTP=127.0.0.1:$(endpoint "$1" http_port)")
}

start_daemons () {
    local name
    mkdir -p endpoints
    for name in "${daemons[@]:0:3}"; do
        start_daemon "$name"
    done
    for name in "${daemons[@]:0:3}"; do
        await_daemon "$name"
    done
    start_daemon statisticsd
    await_daemon statisticsd
    write_ttctl
    page="http://127.0.0.1:${http_port[statisticsd]}/"
}

# A program "ttctl" in the run directory, which knows where these daemons are.
write_ttctl () {
    printf '#!/bin/sh\nexec env \\\n' >ttctl
    printf '  "%s" \\\n' "${ctl_environment[@]}" >>ttctl
    printf '  "%s" "$@"\n' "$programs/ops/ttctl/ttctl" >>ttctl
    chmod +x ttctl
}

# metric DAEMON NAME: the value of one line of /metrics; NAME may carry labels.
metric () {
    curl -sf --max-time 5 "http://127.0.0.1:${http_port[$1]}/metrics" | awk -v name="$2" '$1 == name { print $2 }'
}

# Nothing is left to match, and statisticsd has counted all that the others published.
is_settled () {
    local name stream
    for name in patent-alertd achievement-ingestd loan-matchd; do
        stream=${daemon_stream[$name],,}
        [[ $(metric "$name" processor_lag) == 0 ]] || return 1
        (($(metric statisticsd "consumer_events_total{stream=\"$stream\"}") >= $(metric "$name" events_published_total))) || return 1
    done
}

# The lag is measured every two seconds: only a second look after more than that is sure to be newer than the load.
wait_settled () {
    wait_for 1800 "everything is processed" log/patent-alertd.log is_settled
    sleep 2.5
    wait_for 1800 "everything is processed" log/patent-alertd.log is_settled
}
