# shellcheck shell=bash disable=SC2034,SC2154
# Processes that a script starts and must end. Each gets a session of its own, so that Ctrl-C reaches the script alone and the
# script ends them in order: the last started first.

child_pids=()
child_names=()

# start_child NAME LOG COMMAND...: in the background, output to LOG, or to the person if LOG is "-".
start_child () {
    local name=$1 log=$2
    shift 2
    if [[ $log == - ]]; then
        setsid "$@" </dev/null &
    else
        setsid "$@" >"$log" 2>&1 </dev/null &
    fi
    child_pids+=($!)
    child_names+=("$name")
}

is_running () {
    kill -0 "$1" 2>/dev/null
}

# Tells one to stop, and ends it by force if it has not done so within 15 seconds.
stop_child () {
    local pid=$1 name=$2 i
    is_running "$pid" || return 0
    kill -TERM "$pid" 2>/dev/null || true
    for ((i = 0; i < 150; i++)); do
        is_running "$pid" || break
        sleep 0.1
    done
    if is_running "$pid"; then
        say "$name (process $pid) does not stop; ending it by force"
        kill -KILL "$pid" 2>/dev/null || true
    fi
    wait "$pid" 2>/dev/null || true
}

stop_children () {
    local i
    for ((i = ${#child_pids[@]} - 1; i >= 0; i--)); do
        stop_child "${child_pids[i]}" "${child_names[i]}"
    done
    child_pids=()
    child_names=()
}

# The first child that has ended, by name; nothing if all run.
dead_child () {
    local i
    for i in "${!child_pids[@]}"; do
        is_running "${child_pids[i]}" || { printf '%s\n' "${child_names[i]}" && return 0; }
    done
}
