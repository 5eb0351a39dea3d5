# What bench/run and bench/callgrind share; sourced after scripts/lib.sh.

out=$build/bench
port=${PORT:-16000}

gateway_port=$port
bare_port=$((port + 1))
service_port=$((port + 2))

algorithms="RS256 ES256 EdDSA HS256"

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

prepare() {
    mkdir -p "$out/logs"

    choose_nginx
    # another build may replace it while it is measured
    cp "$modules/ngx_http_gw_auth_module.so" "$out/" \
        || die "no modules here: run \"make\""

    for tool in tokens load evp; do
        quiet "$out/$tool.log" cc -O2 -g -W -Wall -Werror \
            -o "$out/$tool" "$root/bench/$tool.c" -lcrypto
    done
}

# configure NAME PORT LOCATION: where its lines have no gw_jwt, the module is
# not even loaded
configure() {
    module=
    case $3 in *gw_jwt*)
        module="load_module $out/ngx_http_gw_auth_module.so;"
    esac

    cat >"$out/$1.conf" <<END
$module
worker_processes 1;
worker_cpu_affinity 01;
pid $out/$1.pid;
error_log $out/logs/$1.log;
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
        keepalive 128;
        keepalive_requests 1000000000;
        keepalive_timeout 1h;
    }

    server {
        listen 127.0.0.1:$2;
        location / {
$3
        }
    }
}
END
}

configure_all() {
    proxy='            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Connection "";'

    configure bare "$bare_port" "$proxy"
    configure gateway "$gateway_port" "            gw_jwt bench;
            gw_jwt_key_file jwks.json;
            gw_jwt_issuer https://idp.example/realms/shop;
            gw_jwt_audience orders;
$proxy"
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
