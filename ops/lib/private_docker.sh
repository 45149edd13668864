# shellcheck shell=bash
# A Docker daemon of one's own in a temporary directory, for a machine without an image registry: the base image comes from the
# distribution, compose and buildx from its next release (their static binaries run on this one). Expects say.sh; sets work, the
# directory, and the environment that docker commands need. Everything is removed when the script ends, however it ends.

work=

private_docker_install () {
    local missing=() name
    for name in docker.io mmdebstrap curl python3; do
        [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null) == ii* ]] || missing+=("$name")
    done
    ((${#missing[@]} == 0)) && return 0
    # RUNLEVEL: the packages must not start a Docker of the system.
    { apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}"; } \
        >"$work/apt.log" 2>&1 || fail "installing ${missing[*]} failed" "$work/apt.log"
}

private_docker_base () {
    mmdebstrap --quiet --variant=minbase --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' bookworm "$work/base.tar" >"$work/base.log" 2>&1 || fail "the base image failed" "$work/base.log"
    docker import --change 'CMD ["bash"]' "$work/base.tar" debian:bookworm-slim >"$work/base.log" 2>&1 || fail "docker import failed" "$work/base.log"
    rm "$work/base.tar"
}

private_docker_plugins () {
    local apt=$work/apt package
    mkdir -p "$work/config/cli-plugins" "$apt/lists/partial" "$apt/archives/partial"
    : >"$apt/status"
    sed 's/bookworm/trixie/g' /etc/apt/sources.list.d/debian.sources >"$apt/next.sources"
    local options=(-o "Dir::Etc::sourcelist=$apt/next.sources" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$apt/lists"
                   -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt" -o APT::Sandbox::User=root)
    (cd "$apt" && apt-get "${options[@]}" update -qq && apt-get "${options[@]}" download -qq docker-compose docker-buildx) \
        >"$work/plugins.log" 2>&1 || fail "compose and buildx failed" "$work/plugins.log"
    for package in "$apt"/*.deb; do
        dpkg -x "$package" "$apt/x"
    done
    cp "$apt"/x/usr/libexec/docker/cli-plugins/* "$work/config/cli-plugins/"
}

private_docker_start () {
    local begin=$SECONDS
    ((EUID == 0)) || fail "this needs root"
    [[ ! -e /sys/class/net/docker0 ]] || fail "a Docker runs on this machine already: there is an interface docker0"
    work=$(mktemp -d "${TMPDIR:-/tmp}/tt-containers.XXXXXX")
    trap private_docker_stop EXIT
    export DOCKER_HOST=unix://$work/docker.sock DOCKER_CONFIG=$work/config PATH=/usr/sbin:/usr/bin:$PATH
    step "starting a private Docker in $work"
    private_docker_install
    forward_policy=$(iptables -S FORWARD | sed -n 's/^-P FORWARD //p')
    forwarding=$(sysctl -n net.ipv4.ip_forward)
    setsid dockerd --data-root "$work/data-root" --exec-root "$work/exec" --pidfile "$work/pid" -H "$DOCKER_HOST" >"$work/dockerd.log" 2>&1 </dev/null &
    private_docker_pid=$!
    until docker info >/dev/null 2>&1; do
        kill -0 "$private_docker_pid" 2>/dev/null || fail "dockerd failed" "$work/dockerd.log"
        sleep 0.2
    done
    private_docker_base
    private_docker_plugins
    say "    Docker $(docker version -f '{{.Server.Version}}') with a base image after $(seconds_since "$begin")"
}

# dockerd leaves its chains, a policy and forwarding behind.
private_docker_firewall () {
    iptables-save | grep -vi docker | sed "s/^:FORWARD [A-Z]*/:FORWARD $forward_policy/" | iptables-restore
    sysctl -q -w "net.ipv4.ip_forward=$forwarding"
}

# Containers and networks first, while dockerd can take down their interfaces; then the daemon and what it left.
private_docker_stop () {
    trap - EXIT
    trap '' INT TERM # a second signal must not leave half of it behind
    [[ -n $work ]] || return 0
    if [[ -n ${private_docker_pid:-} ]]; then
        docker ps -aq 2>/dev/null | xargs -r docker rm -f >/dev/null 2>&1 || true
        docker network prune -f >/dev/null 2>&1 || true
        kill "$private_docker_pid" 2>/dev/null || true
        wait "$private_docker_pid" 2>/dev/null || true
        ip link del docker0 2>/dev/null || true
        private_docker_firewall || true
    fi
    rm -rf "$work"
    work=
}
