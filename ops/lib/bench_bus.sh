# shellcheck shell=bash disable=SC2154 # what ops/bench sets
# ops/bench bus: sourced by ops/bench, which sets build, count, dir, pids and wait_for.
#
# Each run has its own Redis, its own daemons and figures with its own prefix. What the processes use of the processor is measured while commands
# run, and is steadier than any rate on a machine that does other things too.

redis_mode=one
partitions=8
replicas=1

start_one_redis() { # fsync
  redis-server --port 0 --unixsocket "$dir/redis.sock" --dir "$dir/redis" --appendonly yes --appendfsync "$1" --save "" \
    --auto-aof-rewrite-percentage 0 >"$dir/redis.log" 2>&1 &
  pids+=("$!"); redis_pids=("$!")
  wait_for 10 redis-cli -s "$dir/redis.sock" ping
  redis_endpoints="unix:$dir/redis.sock"
}

port_is_free() { # a cluster's node takes this one and the one 10,000 above
  ! { : </dev/tcp/127.0.0.1/"$1"; } 2>/dev/null && ! { : </dev/tcp/127.0.0.1/$(($1 + 10000)); } 2>/dev/null
}

start_redis_cluster() { # fsync: three masters
  local n port nodes=()
  redis_pids=()
  until
    port=$((12000 + RANDOM % 9000))
    port_is_free $port && port_is_free $((port + 1)) && port_is_free $((port + 2))
  do :; done
  for n in 0 1 2; do
    mkdir -p "$dir/redis/$n"
    redis-server --port $((port + n)) --bind 127.0.0.1 --dir "$dir/redis/$n" --cluster-enabled yes --appendonly yes --appendfsync "$1" --save "" \
      --auto-aof-rewrite-percentage 0 >"$dir/redis.$n.log" 2>&1 &
    pids+=("$!"); redis_pids+=("$!")
    nodes+=("127.0.0.1:$((port + n))")
    wait_for 10 redis-cli -p $((port + n)) ping
  done
  redis-cli --cluster create "${nodes[@]}" --cluster-yes >"$dir/cluster.log"
  for n in 0 1 2; do wait_for 20 sh -c "redis-cli -p $((port + n)) cluster info | grep -q cluster_state:ok"; done
  redis_endpoints=$(IFS=,; echo "${nodes[*]}")
}

start_redis() { # fsync
  rm -rf "$dir/redis"; mkdir -p "$dir/redis"
  if [ "$redis_mode" = cluster ]; then start_redis_cluster "$1"; else start_one_redis "$1"; fi
}

start_replica() { # number
  local endpoints="$dir/endpoints.$1"
  rm -f "$endpoints"
  "$build/tests/support/probed" --redis.endpoints="$redis_endpoints" --commands.endpoint='tcp://127.0.0.1:*' --log.level=warning \
    --events.endpoint='tcp://127.0.0.1:*' --replay.endpoint='tcp://127.0.0.1:*' --http.bind=127.0.0.1:0 --instance="bench-$1" \
    --store.partitions="$partitions" --endpoints.file="$endpoints" &
  pids+=("$!"); daemon_pids+=("$!")
  wait_for 20 test -s "$endpoints"
  bench_options+=("replica=$(endpoint_of "$endpoints" commands),$(endpoint_of "$endpoints" events),$(endpoint_of "$endpoints" replay)")
}
endpoint_of() { sed -E "s/.*\"$2\":\"([^\"]*)\".*/\1/" "$1"; }

stop_all() {
  kill "${daemon_pids[@]}"; wait "${daemon_pids[@]}" || true
  kill "${redis_pids[@]}"; wait "${redis_pids[@]}" || true
  pids=()
}

run_bus() { # fsync prefix [only=throughput]
  local fsync=$1 prefix=$2 n p; shift 2
  daemon_pids=(); bench_options=("$@")
  start_redis "$fsync"
  for ((n = 1; n <= replicas; n++)); do start_replica "$n"; done
  for p in "${redis_pids[@]}"; do bench_options+=("cpu=redis:$p"); done
  for p in "${daemon_pids[@]}"; do bench_options+=("cpu=daemon:$p"); done
  "$build/tests/bench/bus/bench_bus" "$count" "$prefix" "${bench_options[@]}" cpu=bench:0
  stop_all
}

# What the store's commits, and then the same work as plain commands, cost a Redis that nobody else asks.
run_floor() { # fsync prefix
  local mode
  for mode in commit plain; do
    daemon_pids=()
    rm -rf "$dir/redis"; mkdir -p "$dir/redis"
    start_one_redis "$1"
    "$build/tests/bench/bus/bench_floor" "$redis_endpoints" "$count" "$2$mode." "$mode" "cpu=redis:${redis_pids[0]}" cpu=bench:0
    kill "${redis_pids[@]}"; wait "${redis_pids[@]}" || true
    pids=()
  done
}

run_jetstream() {
  printf 'jetstream { store_dir: "%s/nats" }\nport: -1\nports_file_dir: "%s"\nhost: 127.0.0.1\n' "$dir" "$dir" >"$dir/nats.conf"
  nats-server -c "$dir/nats.conf" >"$dir/nats.log" 2>&1 &
  local server=$!
  pids+=("$server")
  wait_for 10 sh -c "ls $dir/nats-server_*.ports"
  url=$(sed -E 's/.*"nats": ?\[ ?"([^"]*)".*/\1/' "$dir"/nats-server_*.ports | tr -d '\n' | grep -oE 'nats://[0-9.:]+' | head -1)
  "$build/tests/bench/bus/bench_jetstream" "$url" "$count" "cpu=server:$server" cpu=bench:0
  kill "$server"; wait "$server" || true
  pids=()
}

print_machine() {
  printf 'figure machine.cores %d cores\nfigure machine.load %s processes\n' "$(nproc)" "$(cut -d' ' -f1 /proc/loadavg)"
}

print_ratios() { # file of figures
  awk '{ v[$2] = $3 }
       function ratio(name, a, b) { if (a > 0 && b > 0) printf "figure %s %.2f times\n", name, a / b }
       END { first = v["bus.everysec.commands_per_s"]; again = v["bus.again.commands_per_s"]; jetstream = v["jetstream.commands_per_s"]
             ratio("bus.noise", first > again ? first : again, first > again ? again : first)
             ratio("bus.vs_jetstream", v["bus.commands_per_s"], jetstream)
             ratio("bus.everysec_vs_jetstream", (first + again) / 2, jetstream)
             ratio("bus.cpu_vs_jetstream", v["bus.cpu_all_us"], v["jetstream.cpu_all_us"])
             ratio("bus.latency_vs_jetstream", v["bus.everysec.latency_p50_us"], v["jetstream.latency_p50_us"])
             ratio("bus.replay_vs_jetstream", v["bus.replay_events_per_s"], v["jetstream.replay_events_per_s"])
             ratio("bus.of_floor", v["bus.everysec.commands_per_s"], v["floor.plain.commands_per_s"])
             ratio("bus.redis_cpu_over_floor", v["bus.everysec.cpu_redis_us"], v["floor.plain.cpu_redis_us"])
             ratio("floor.commit_over_plain", v["floor.commit.cpu_redis_us"], v["floor.plain.cpu_redis_us"])
             ratio("bus.two_replicas_vs_one", v["bus.replicas2.commands_per_s"], v["bus.commands_per_s"]) }' "$1"
}

take_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --count) count=${2:?"--count needs a number"}; shift 2 ;;
      --redis) redis_mode=${2:?"--redis needs one or cluster"}; shift 2 ;;
      *) echo "ops/bench bus: unknown option $1" >&2; exit 2 ;;
    esac
  done
  [ "$redis_mode" = one ] || [ "$redis_mode" = cluster ] || { echo "ops/bench bus: --redis is one or cluster" >&2; exit 2; }
}

# The same run before and after JetStream's, so that a machine that slows down meanwhile does not decide.
all_runs() {
  trap cleanup EXIT # in a pipe, the shell that knows the processes is this one
  print_machine
  run_bus always bus.
  run_bus everysec bus.everysec.
  if command -v nats-server >/dev/null && [ -x "$build/tests/bench/bus/bench_jetstream" ]; then
    run_jetstream
  else
    echo "skipped: nats-server or libnats is not installed: no comparison"
  fi
  run_bus everysec bus.again. only=throughput
  run_floor everysec floor.
  for partitions in 1 2 4 8; do run_bus always "bus.partitions$partitions." only=throughput; done
  replicas=2
  run_bus always bus.replicas2. only=throughput
  print_machine
}

bench_bus() {
  take_options "$@"
  need tests/bench/bus/bench_bus
  dir=$(mktemp -d)
  all_runs | tee "$dir.figures"
  print_ratios "$dir.figures"
  rm -f "$dir.figures"
}
