# shellcheck shell=bash disable=SC2034,SC2154
# The packages of Debian 12 that the project needs: the one list. Sourced by ops/setup.

build_packages=(
    build-essential ca-certificates ccache cmake ninja-build pkg-config protobuf-c-compiler
    libcurl4-openssl-dev libczmq-dev libhiredis-dev libjansson-dev libmicrohttpd-dev libopencc-dev libprotobuf-c-dev
    libutf8proc-dev libxml2-dev libxxhash-dev libzmq3-dev libzstd-dev uthash-dev zlib1g-dev
)
run_packages=(curl libjs-chart.js libopencc-data python3 redis-server redis-tools)
# Tests: Criterion, an independent optimum, and a subscriber in another language.
test_packages=(libcriterion-dev libglpk-dev protobuf-compiler python3-protobuf python3-zmq valgrind)

# Prints those of its arguments that are not installed, one a line.
missing_packages () {
    local name
    for name in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null) == ii* ]] || printf '%s\n' "$name"
    done
}
