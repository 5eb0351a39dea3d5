# The nginx and the redis-server that bench/ratelimit and
# bench/ratelimit-callgrind measure.

bare_port=$((port + 1))
limit_req_port=$((port + 3))
local_port=$((port + 4))
ietf_port=$((port + 5))
concurrency_port=$((port + 6))
leased_port=$((port + 7))
exact_port=$((port + 8))
redis_port=$((port + 9))

# a log line for each refused request would be most of what it costs
log_level=alert

# nginx gets it as cheaply as $remote_addr
key='$http_user_agent'

# the limits: as high as is needed for all to pass while a million keys are
# still held, in Redis too; and so low that next to nothing passes
high='rate=1r/m burst=500000'
low='rate=1r/m'

# a machine that is busy otherwise must not make Redis seem to have failed
redis="gw_redis bench {
        server 127.0.0.1:$redis_port;
        timeout 2s;
        connect_timeout 2s;
    }"
in_redis='redis=bench fallback=deny'

passing() {
    echo "location / {
            $1
            $proxy
        }"
}

# passing PASSING FLOODED
both() {
    echo "$(passing "$1")
        location /flood/ {
            $2
            $proxy
        }"
}

configure_all() {
    configure bare "$bare_port" "$(passing '')"

    configure limit_req "$limit_req_port" \
        "$(both 'limit_req zone=high burst=500000 nodelay;' \
                'limit_req zone=low;
            limit_req_status 429;')" \
        "limit_req_zone $key zone=high:192m rate=1r/m;
    limit_req_zone $key zone=low:1m rate=1r/m;"

    configure local "$local_port" \
        "$(both 'gw_ratelimit zone=high;' 'gw_ratelimit zone=low;')
        location /few/ {
            gw_ratelimit zone=few;
            $proxy
        }" \
        "gw_ratelimit_zone $key zone=high:128m $high;
    gw_ratelimit_zone $key zone=low:1m $low;
    gw_ratelimit_zone $key zone=few:1m rate=1r/d;"

    configure ietf "$ietf_port" \
        "$(passing 'gw_ratelimit zone=high;
            gw_ratelimit_headers ietf;')" \
        "gw_ratelimit_zone $key zone=high:1m $high;"

    configure concurrency "$concurrency_port" \
        "$(passing 'gw_concurrency zone=high limit=1000000;')" \
        "gw_concurrency_zone $key zone=high:1m;"

    # slots are reserved by the rate: it has to be more than all demand
    configure leased "$leased_port" \
        "$(both 'gw_ratelimit zone=high;' 'gw_ratelimit zone=low;')" \
        "$redis
    gw_ratelimit_zone $key zone=high:384m rate=1000000r/s burst=1000000
        mode=leased $in_redis;
    gw_ratelimit_zone $key zone=low:1m $low mode=leased $in_redis;"

    configure exact "$exact_port" "$(passing 'gw_ratelimit zone=high;')" \
        "$redis
    gw_ratelimit_zone $key zone=high:1m $high $in_redis;"
}
