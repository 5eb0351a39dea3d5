# Whatever parts and clients do at the same time: answers that are JSON, nothing
# that stays open, no word of a sanitizer.  GW_CHAOS_SEED repeats a run,
# GW_CHAOS_REQUESTS makes it longer.

use GwTest;
use GwPart;
use GwH2;

our $seed = $ENV{GW_CHAOS_SEED} // $$ + time;
our $requests = $ENV{GW_CHAOS_REQUESTS} // 150;
our $socket = "$ENV{TEST_NGINX_SOCK}/h2.sock";

my $threads = `$Test::Nginx::Util::NginxBinary -V 2>&1` =~ /--with-threads/
              ? 'aio threads; aio_write on;' : '';

our $locations = $GwPart::PARTS . $GwPart::KEPT . <<"_EOC_";
gw_aggregate_timeout 400ms;
gw_aggregate_errors /errors;
gw_aggregate_etag on;
client_body_buffer_size 1k;
error_page 504 /page;

location = /plain {
    gw_aggregate on;
    gw_part a \$http_x_to/a?\$http_x_a;
    gw_part b /_p/b?\$http_x_b optional timeout=200ms default=0;
    gw_part c \$http_x_to/c?\$http_x_c status_from=part;
}

location = /merged {
    gw_aggregate on;
    gw_part a \$http_x_to/a?\$http_x_a as=merge optional;
    gw_part b /_k/b?\$http_x_b as=merge optional;
    gw_part c \$http_x_to/c?\$http_x_c as=string at=/x/y optional;
}

location = /chain {
    gw_aggregate on;
    gw_aggregate_concurrency 2;
    gw_part a \$http_x_to/a?\$http_x_a;
    gw_part_set \$chain_v a /n;
    gw_part b /_p/b?\$http_x_b&v=\$chain_v optional;
    gw_part c \$http_x_to/c?\$http_x_c optional;
    gw_part d /_p/d method=POST optional;
    gw_part_body d '{"b": \$gw_part_b}';
}

location = /nested {
    gw_aggregate on;
    gw_part a \$http_x_to/a?\$http_x_a optional;
    gw_part inner /plain optional;
    gw_part other /merged as=merge;
}

location = /body {
    gw_aggregate on;
    gw_part a \$http_x_to/a?\$http_x_a method=POST body=pass optional;
    gw_part b /_p/b?\$http_x_b method=PUT body=pass;
    gw_part inner /merged method=POST body=pass optional;
}

# fails while others have begun

location = /fails {
    gw_aggregate on;
    gw_part a \$http_x_to/a?\$http_x_a;
    gw_part inner /plain;
    gw_part bad /_bad;
}

location = /_bad { internal; return 200 '['; }

location ^~ /_cached/ {
    internal;
    $threads
    output_buffers 1 4k;
    proxy_cache chaos;
    proxy_cache_key \$uri\$is_args\$args;
    proxy_cache_valid 200 1s;
    proxy_cache_lock on;
    proxy_cache_use_stale updating error timeout;
    proxy_cache_background_update on;
    proxy_pass http://\$TEST_NGINX_PART;
}

location ^~ /_spilled/ {
    internal;
    $threads
    proxy_buffer_size 1k;
    proxy_buffers 2 1k;
    proxy_busy_buffers_size 1k;
    proxy_temp_file_write_size 8k;
    proxy_force_ranges on;
    proxy_store off;
    proxy_pass http://\$TEST_NGINX_PART;
}

location ^~ /_delayed/ {
    internal;
    limit_req zone=rate burst=100;
    proxy_pass http://\$TEST_NGINX_PART;
}

location ^~ /_file/ {
    internal;
    $threads
    output_buffers 1 4k;
    try_files /chaos.json =404;
    root \$TEST_NGINX_SERVER_ROOT/html;
}

location = /page { internal; return 200 '{"page":1}'; }
location = /nothing { return 204; }
_EOC_

our $http_config = $GwPart::KEEP . <<"_EOC_";
proxy_cache_path chaos_cache keys_zone=chaos:1m use_temp_path=off;
limit_req_zone \$uri zone=rate:1m rate=50r/s;

server {
    listen unix:\$TEST_NGINX_SOCK/h2.sock\$TEST_NGINX_H2;
    \$TEST_NGINX_H2_ON

$locations
}
_EOC_

our @uris = qw(/plain /merged /chain /nested /body /fails /fails);
our @to = qw(/_p /_u /_k /_cached /_cached /_spilled /_delayed /_file /_file);


sub any { return $_[rand @_] }


# What a part may say.

sub anything {
    my @sizes = (10, 100, 1000, 5000, 40000, 300000, 1100000);

    return any(
        sub { { json => '{"n":' . int(rand 1000) . '}' } },
        sub { { json => '{"n":1,"o":{"p":[1,2]}}', delay => rand 0.1 } },
        sub { { json => any('', '[', '{"n":1,"n":2}', 'null', "\xff") } },
        sub { { large => any(@sizes) } },
        sub { { large => any(@sizes), gzip => any(qw(whole two half corrupt
                                                     sum tail none)) } },
        sub { { large => any(@sizes[2 .. 5]), chunked => any(1, 'cut') } },
        sub { { large => 5000, pieces => any(1000, 700), gap => 0.01 } },
        sub { { large => 20000, stall => any(0, 100, 9000) } },
        sub { { large => 20000, close => any('header', 'half', 0, 100, 9000) } },
        sub { { json => '{}', bare => 1 } },
        sub { { never => 1 } },
        sub { { status => any(204, 301, 304, 401, 404, 429, 500, 503),
                json => any('{}', 'x'), large => any(0, 0, 30000) } },
        sub { { json => 1, head => [any('X-Accel-Redirect: /_p/x?json=2',
                                        'X-Accel-Redirect: /plain',
                                        'X-Accel-Redirect: /nowhere',
                                        'Cache-Control: max-age=1',
                                        'Set-Cookie: a=b')] } },
    )->();
}


sub something {
    my $body = rand() < 0.3;

    return (
        uri => any(@uris),
        $body ? (method => 'POST', body => 'x' x any(0, 10, 900, 30000))
              : rand() < 0.1 ? (method => 'HEAD') : (),
        a => anything(), b => anything(), c => anything(),
        headers => ['X-To: ' . any(@to)],
    );
}


sub sockets {
    my ($pid) = read_file('logs/nginx.pid') =~ /(\d+)/;

    return scalar grep { (readlink // '') =~ /^socket/ } glob "/proc/$pid/fd/*";
}


# An answer: a document, a problem or what error_page says.

sub good {
    my ($code, $body, $method) = @_;

    return 0 unless ($code // 0) =~ /^(?:200|401|404|429|502|504)$/;
    return 1 if $method eq 'HEAD';

    # what is no string of a UTF-8 text is a fault of the answer

    return defined eval { unjson($body) };
}

worker_connections(4096);

run_tests();

__DATA__

=== TEST 1: anything
--- http_config eval: $main::http_config
--- config eval: $main::locations
--- user_files eval: ">>> chaos.json\n" . large(200000) . "\n"
--- log_allows: crit
--- cases
['HTTP/1', sub {
    my ($name, $round) = @_;

    srand($main::seed + ($round // 0));
    http(uri => '/nothing');

    my $before = main::sockets();
    my (@flying, @bad);

    for my $n (1 .. $main::requests) {
        my %something = main::something();

        # a request is freed at its end, and not with the connection

        push @{ $something{headers} }, 'Connection: keep-alive';

        my $one = start(%{ ask(%something) });

        $one->{ask} = \%something;

        # some leave at once, some later, some read their answer

        if (rand() < 0.2) {
            close $one->{conn}{socket};
            next;
        }

        push @flying, $one;
        Time::HiRes::sleep(rand 0.01) if rand() < 0.5;

        while (@flying > 20) {
            my $other = splice @flying, rand @flying, 1;

            if (rand() < 0.4) {
                close $other->{conn}{socket};
                next;
            }

            my $res = finish($other);

            push @bad, [$res->{code}, $other->{ask},
                        substr $res->{body} // '', 0, 200]
                unless main::good($res->{code}, $res->{body},
                                  $other->{method});
        }
    }

    finish($_) for @flying;
    @flying = ();
    is(scalar @bad, 0, "$name: answers")
        or diag("seed $main::seed: ", map { JSON::PP->new->encode($_) } @bad);
    wait_for(sub { main::sockets() <= $before + 20 }, 10);
    cmp_ok(main::sockets(), '<=', $before + 20, "$name: connections")
        or diag("seed $main::seed");
}],
['HTTP/2', sub {
    my ($name, $round) = @_;

    srand($main::seed + 1000 + ($round // 0));
    http(uri => '/nothing');

    my $before = main::sockets();
    my ($conn, @flying, @bad);

    for my $n (1 .. $main::requests) {
        if ($n % 60 == 1) {
            $conn->close if $conn && rand() < 0.7;
            $conn = GwH2->new($main::socket);
            @flying = ();
        }

        my %something = main::something();
        my $id = $conn->request(%{ ask(%something) });

        if (rand() < 0.2) {
            $conn->reset($id);
            next;
        }

        push @flying, [$id, \%something];

        while (@flying > 10) {
            my ($other, $ask) = @{ splice @flying, rand @flying, 1 };

            if (rand() < 0.4) {
                $conn->reset($other);
                next;
            }

            # a body larger than the window
            $conn->window($other, 8 * 1048576);

            my $res = $conn->answer($other);

            push @bad, [$res, $ask]
                unless main::good($res->{code}, $res->{body},
                                  $ask->{method} // 'GET');
        }
    }

    $conn->close;
    is(scalar @bad, 0, "$name: answers")
        or diag("seed $main::seed: ", map { substr JSON::PP->new->encode($_),
                                            0, 500 } @bad);
    wait_for(sub { main::sockets() <= $before + 20 }, 10);
    cmp_ok(main::sockets(), '<=', $before + 20, "$name: connections")
        or diag("seed $main::seed");
    is(http(uri => '/nothing')->{code}, 204, "$name: others are served");
}],
