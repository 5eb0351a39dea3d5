# The nginx that bench/transcode and bench/transcode-callgrind measure.

bare_port=$((port + 1))
calls_port=$((port + 3))

messages=$out/messages

grpc='grpc_pass grpc://service;'

make_messages() {
    rm -rf "$messages"
    mkdir -p "$messages"
    quiet "$out/messages.log" "$root/bench/transcode-messages" "$messages"
}

locations_bare() {
    echo "location / {
            $grpc
        }"
}

# native calls to the same location pass untouched
locations_calls() {
    echo "location / {
            gw_transcode_descriptor $messages/bench.pb;
            gw_transcode            all;
            $grpc
        }

        location /r0001/ {
            gw_transcode_descriptor $messages/routes.pb;
            gw_transcode            routes.v1.One;
            $grpc
        }

        location /r1000/ {
            gw_transcode_descriptor $messages/routes.pb;
            gw_transcode            routes.v1.Many;
            $grpc
        }"
}

configure_all() {
    make_messages

    configure bare "$bare_port" "$(locations_bare)"
    configure calls "$calls_port" "$(locations_calls)"
}

# find_side WHAT: sets side_path and side_body, of a side's name
find_side() {
    native=/bench.v1.Bench

    case $1 in
        native-get | passed-get)
            side_path=$native/Get
            side_body=$messages/get-small.grpc:application/grpc ;;
        native-post)
            side_path=$native/Post
            side_body=$messages/small.grpc:application/grpc ;;
        native-list)
            side_path=$native/GetList
            side_body=$messages/get-large.grpc:application/grpc ;;
        native-send)
            side_path=$native/PostList
            side_body=$messages/large.grpc:application/grpc ;;
        native-watch)
            side_path=$native/Watch
            side_body=$messages/get-watch.grpc:application/grpc ;;

        json-get)   side_path=/v1/get/small side_body= ;;
        json-post)  side_path=/v1/post
                    side_body=$messages/small.json:application/json ;;
        json-list)  side_path=/v1/list/large side_body= ;;
        json-send)  side_path=/v1/list
                    side_body=$messages/large.json:application/json ;;
        json-watch) side_path=/v1/watch/watch side_body= ;;

        route-one)  side_path=/r0001/kind500/small side_body= ;;
        route-many) side_path=/r1000/kind500/small side_body= ;;

        *) die "no side $1" ;;
    esac
}

# check_answers: they are what Python's protobuf makes of the messages
check_answers() {
    find_side json-get

    # for as long as it is the service
    taskset -c 1 "$out/load" -k -g "$messages/answers" -l "$service_port" \
        -c 1 -n 1000000000 "all:$calls_port:0:$side_path:1:" >"$out/load.out" 2>"$out/load.err" &
    service_pid=$!
    pids="$service_pid $pids"

    for what in get/small list/large watch/watch; do
        curl -s --retry 5 --retry-all-errors -o "$out/answer.json" \
            "http://127.0.0.1:$calls_port/v1/$what" \
            || die "/v1/$what is not answered"
        "$root/bench/transcode-messages" --same "$out/answer.json" \
            "$messages/${what#*/}.json" || {
            cat "$out/load.err" >&2
            die "/v1/$what is not as expected"
        }
    done

    kill -TERM "$service_pid"
    wait "$service_pid" 2>/dev/null || true
}
