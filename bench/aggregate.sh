# The nginx that bench/aggregate and bench/aggregate-callgrind measure.

bare_port=$((port + 1))
parts_port=$((port + 3))

# ten parts of 64 requests
kept=1024

# a line of the log for each part that a noisy machine fails would not help
log_level=alert

bodies=$out/bodies

# where parts go
part_location="location ^~ /_parts/ {
            internal;
            $proxy
        }"

# times N TEXT: TEXT for 1 to N, which stand for a %
times() {
    for ((i = 1; i <= $1; i++)); do
        echo "            ${2//%/$i}"
    done
}

# aggregate PATH LINES
aggregate() {
    echo "location = $1 {
            gw_aggregate on;
            $2
        }"
}

three='gw_part user /_parts/user;
            gw_part orders /_parts/orders;
            gw_part items /_parts/items;'

make_bodies() {
    rm -rf "$bodies"
    mkdir -p "$bodies"
    "$root/bench/aggregate-bodies" "$bodies"
}

# one proxied request, and what of it is between nginx and its client
locations_client() {
    echo "location / {
            $proxy
        }

        location = /client {
            return 200 '$(cat "$bodies/user")';
        }"
}

locations_bare() {
    echo "$(locations_client)

        # three answers behind each other; mirror, which joins nothing, would
        # close its connections to the service
        location = /behind {
            add_before_body /_parts/user;
            add_after_body /_parts/items;
            addition_types application/json;
            proxy_pass http://service/_parts/orders;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
        }

        # the answer that parts make, pasted together by ssi, unchecked
        location = /ssi.json {
            ssi on;
            ssi_types application/json;
            root $bodies;
        }

        $part_location"
}

locations_parts() {
    echo "$(aggregate /three "$three")

        $(aggregate /three/keep "$three
            gw_part_fields user keep id name address.city;
            gw_part_fields orders keep total items.*.id items.*.state;
            gw_part_fields items keep items.*.sku items.*.price;")

        $(aggregate /three/merge "gw_part user /_parts/user as=merge at=;
            gw_part orders /_parts/orders as=merge at=;
            gw_part items /_parts/items as=merge at=;")

        $(aggregate /ten "$(times 10 'gw_part p% /_parts/large;')")

        $(aggregate /two/merge "gw_part a /_parts/left as=merge at=;
            gw_part b /_parts/right as=merge at=;
            gw_aggregate_max_part_size 2m;")

        $(aggregate /wait/ten "$(times 10 'gw_part p% /_parts/ok?wait=50;')")

        $(aggregate /wait/one "$(times 9 'gw_part p% /_parts/ok;')
            gw_part slow /_parts/ok?wait=50;")

        location = /tiny {
            return 200;
        }

        $part_location"
}

configure_all() {
    make_bodies

    configure bare "$bare_port" "$(locations_bare)"
    configure parts "$parts_port" "$(locations_parts)"
}
