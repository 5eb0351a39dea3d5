# What the scripts here share; sourced after scripts/lib.sh.

out=$build/bench
port=${PORT:-16000}

service_port=$((port + 2))

pids=

stop() {
    for pid in $pids; do
        kill -TERM "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    pids=
}

trap stop EXIT
trap 'exit 130' INT TERM HUP

# prepare MODULE TOOL ...
prepare() {
    mkdir -p "$out/logs"

    choose_nginx
    module=$out/ngx_http_gw_$1_module.so
    shift

    # another build may replace it while it is measured
    cp "$modules/${module##*/}" "$out/" || die "no modules here: run \"make\""

    for tool; do
        quiet "$out/$tool.log" cc -O2 -g -W -Wall -Werror \
            -o "$out/$tool" "$root/bench/$tool.c" $(more "$tool") -lcrypto -lm
    done
}

# the other sources of a tool
more() { find "$root/bench" -name "$1_*.c"; }

# what each location below has
proxy='proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Connection "";'

# configure NAME PORT LOCATIONS [HTTP]: where its lines have nothing of ours,
# the module is not even loaded
configure() {
    load_module=
    case $3 in *gw_*)
        load_module="load_module $module;"
    esac

    cat >"$out/$1.conf" <<END
$load_module
worker_processes 1;
worker_cpu_affinity 01;
pid $out/$1.pid;
error_log $out/logs/$1.log ${log_level:-error};
events { worker_connections 4096; }

http {
    access_log off;
    keepalive_timeout 1h;
    keepalive_requests 1000000000;
    default_type application/json;

    client_body_temp_path $out/logs/body;
    proxy_temp_path $out/logs/proxy;
    fastcgi_temp_path $out/logs/fastcgi;
    scgi_temp_path $out/logs/scgi;
    uwsgi_temp_path $out/logs/uwsgi;

    upstream service {
        server 127.0.0.1:$service_port;
        keepalive ${kept:-128};
        keepalive_requests 1000000000;
        keepalive_timeout 1h;
    }

    ${4:-}

    server {
        listen 127.0.0.1:$2;
        $3
    }
}
END
}


# start NAME PORT [COMMAND ...]: nginx in the foreground, behind COMMAND
start() {
    name=$1
    at=$2
    shift 2

    "$@" "$nginx" -p "$out/" -c "$out/$name.conf" -e "$out/logs/$name.log" \
        -g "daemon off; ${single:-}" 8>&- >"$out/logs/$name.out" 2>&1 &
    pid=$!
    pids="$pid $pids"

    tries=0
    until (exec 3<>"/dev/tcp/127.0.0.1/$at") 2>/dev/null; do
        tries=$((tries + 1))
        if [ $tries = 300 ] || ! kill -0 "$pid" 2>/dev/null; then
            tail -n 5 "$out/logs/$name.log" "$out/logs/$name.out" >&2
            die "nginx ($name) does not answer on 127.0.0.1:$at"
        fi
        sleep 0.1
    done
}

worker() {
    # the worker of the nginx just started
    pgrep -P "$pid" | head -n 1
}

need_callgrind() {
    for tool in valgrind callgrind_control callgrind_annotate; do
        command -v $tool >/dev/null \
            || die "no $tool here: apt-get install valgrind"
    done
}

# start_callgrind NAME PORT: the nginx that count() is about
start_callgrind() {
    say "running nginx under callgrind"
    rm -f "$out"/callgrind.out*
    part=0
    single="master_process off;"

    start "$1" "$2" valgrind --tool=callgrind \
        --callgrind-out-file="$out/callgrind.out"
}

# count WHAT COMMAND ...: what nginx does meanwhile, into
# build/bench/callgrind.WHAT.  The first of all is not to be used: functions
# that were under way when it began count with all that they called.
count() {
    what=$1
    shift

    quiet "$out/logs/control.log" callgrind_control --zero "$pid"
    "$@"
    quiet "$out/logs/control.log" callgrind_control --dump="$what" "$pid"

    part=$((part + 1))
    callgrind_annotate --threshold=100 --auto=no --show-percs=no \
        "$out/callgrind.out.$part" >"$out/callgrind.$what"
}

# a redis-server of its own, at $redis_port
start_redis() {
    taskset -c "${redis_core:-1}" redis-server \
        --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no \
        --daemonize no --dir "$out" \
        >"$out/logs/redis.log" 2>&1 8>&- &
    redis_pid=$!
    pids="$pids $redis_pid"

    tries=0
    until [ "$(redis_ask ping 2>/dev/null)" = PONG ]; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || die "redis-server does not answer"
        sleep 0.1
    done
}

redis_ask() { redis-cli -h 127.0.0.1 -p "$redis_port" "$@"; }

# script calls since it was started
redis_calls() {
    redis_ask info commandstats \
        | sed -n 's/^cmdstat_eval[^:]*:calls=\([0-9]*\).*/\1/p' \
        | { n=0; while read -r i; do n=$((n + i)); done; echo $n; }
}

redis_memory() {
    redis_ask info memory | sed -n 's/^used_memory:\([0-9]*\).*/\1/p'
}
