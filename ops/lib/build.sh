# shellcheck shell=bash disable=SC2034,SC2154
# Configuring and building a preset, quietly: output goes to a log, one line to the person. Expects $root and ops/lib/say.sh.

# build_preset PRESET LOG [TARGET...]
build_preset () {
    local preset=$1 log=$2 begin=$SECONDS
    shift 2
    step "building ($preset); log: $log"
    local options=()
    command -v ccache >/dev/null && options+=(-D CMAKE_C_COMPILER_LAUNCHER=ccache)
    (cd "$root" && cmake --preset "$preset" "${options[@]}") >"$log" 2>&1 || fail "cmake failed" "$log"
    local command=(cmake --build --preset "$preset")
    (($# == 0)) || command+=(--target "$@")
    (cd "$root" && "${command[@]}") 2>&1 | tee -a "$log" | show_progress || fail "the build failed" "$log"
    say "    built in $(seconds_since "$begin")"
}

# Ninja's "[12/297] ..." as one line that changes, on a terminal only.
show_progress () {
    local line
    while IFS= read -r line; do
        if [[ -t 1 && $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then
            printf '\r    %s of %s' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
        fi
    done
    [[ ! -t 1 ]] || printf '\r\e[K'
}
