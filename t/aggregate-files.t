# Parts that come from files: read by threads, cancelled meanwhile, and files
# that cannot be read on.

use GwTest;
use GwPart;
use GwH2;

plan(skip_all => 'nginx without threads')
    unless `$Test::Nginx::Util::NginxBinary -V 2>&1` =~ /--with-threads/;

our $socket = "$ENV{TEST_NGINX_SOCK}/h2.sock";

our $main_config = "thread_pool two threads=2;\n";
our $http_config = <<'_EOC_';
proxy_cache_path files_cache keys_zone=files:1m use_temp_path=off;

server {
    listen unix:$TEST_NGINX_SOCK/h2.sock$TEST_NGINX_H2;
    $TEST_NGINX_H2_ON

    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT; }

    location = /changed {
        gw_aggregate on;
        gw_part a /_kept/$args optional;
        gw_part b /_p/b?json=2;
    }

    location ^~ /_kept/ {
        internal;
        open_file_cache max=10 inactive=60s;
        open_file_cache_valid 60s;
        output_buffers 1 1k;
        alias $TEST_NGINX_SERVER_ROOT/html/;
    }

    location ^~ /_p/ { internal; proxy_pass http://$TEST_NGINX_PART; }
    location = /nothing { return 204; }
}
_EOC_

our $config = $GwPart::PARTS . <<'_EOC_';
gw_aggregate_max_part_size 8m;
gw_aggregate_max_size 32m;
open_file_cache off;

location = /t {
    gw_aggregate on;
    gw_part a $http_x_to/a?$http_x_a;
    gw_part b /_p/b?$http_x_b;
    gw_part c $http_x_to/c?$http_x_c optional;
}

location = /merged {
    gw_aggregate on;
    gw_part a $http_x_to/a?$http_x_a as=merge;
    gw_part c $http_x_to/c?$http_x_c as=merge optional;
}

location = /fails {
    gw_aggregate on;
    gw_part b /_p/b?$http_x_b;
    gw_part a $http_x_to/a?$http_x_a;
    gw_part bad /_bad/$http_x_bad;
}

location = /changed {
    gw_aggregate on;
    gw_part a /_kept/$args optional;
    gw_part b /_p/b?json=2;
}

location ^~ /_file/ {
    internal;
    sendfile off;
    aio threads=two;
    output_buffers 2 4k;
    alias $TEST_NGINX_SERVER_ROOT/html/;
}

location ^~ /_direct/ {
    internal;
    aio threads=two;
    directio 512;
    output_buffers 1 4k;
    alias $TEST_NGINX_SERVER_ROOT/html/;
}

location ^~ /_sendfile/ {
    internal;
    sendfile on;
    aio threads=two;
    alias $TEST_NGINX_SERVER_ROOT/html/;
}

location ^~ /_cached/ {
    internal;
    aio threads=two;
    aio_write on;
    output_buffers 2 4k;
    proxy_cache files;
    proxy_cache_key $uri$is_args$args;
    proxy_cache_valid 200 10m;
    proxy_cache_lock on;
    proxy_pass http://$TEST_NGINX_PART;
}

location ^~ /_spilled/ {
    internal;
    aio threads=two;
    aio_write on;
    proxy_buffer_size 1k;
    proxy_buffers 2 1k;
    proxy_busy_buffers_size 1k;
    proxy_temp_file_write_size 8k;
    proxy_pass http://$TEST_NGINX_PART;
}

location ^~ /_kept/ {
    internal;
    open_file_cache max=10 inactive=60s;
    open_file_cache_valid 60s;
    output_buffers 1 1k;
    alias $TEST_NGINX_SERVER_ROOT/html/;
}

location ^~ /_bad/ { internal; return 200 '{'; }
location = /nothing { return 204; }
_EOC_

our $large = large(300000);
our $files = ">>> a\n$large\n>>> c\n[1]\n";


sub sockets {
    my ($pid) = read_file('logs/nginx.pid') =~ /(\d+)/;

    return scalar grep { (readlink // '') =~ /^socket/ } glob "/proc/$pid/fd/*";
}


# The same answer wherever the file is; cached ones are asked for twice.

sub same {
    my ($name, $uri, $want) = @_;

    for my $to ('/_file', '/_direct', '/_sendfile', '/_cached', '/_cached',
                '/_spilled')
    {
        my $res = http(%{ ask(uri => $uri, a => { large => 300000 },
                              b => { json => 2 }, c => { json => '[1]' },
                              headers => ["X-To: $to"]) });

        ok($res->{body} =~ s/\n//gr eq $want, "$name: $to")
            or diag($res->{code}, ' ', substr $res->{body}, 0, 300);
    }
}

run_tests();

__DATA__

=== TEST 1: files are read by threads
--- main_config eval: $main::main_config
--- http_config eval: $main::http_config
--- config eval: $main::config
--- user_files eval: $main::files
--- cases
['the same answer', sub {
    main::same($_[0], '/t', "{\"a\":$main::large,\"b\":2,\"c\":[1]}");
}],
['a file that is no object', sub {
    my ($name) = @_;

    for my $to ('/_file', '/_cached', '/_cached') {
        my $res = http(%{ ask(uri => '/merged', a => { large => 300000 },
                              c => { json => '[1]' },
                              headers => ["X-To: $to"]) });

        is($res->{header}{'x-gw-partial'}, 'c;reason=json', "$name: $to");
    }
}],
['many at a time', sub {
    my ($name) = @_;

    for my $to ('/_file', '/_direct', '/_cached') {
        my @began = map {
            start(%{ ask(uri => '/t', a => { large => 300000 },
                         b => { json => 2 }, c => { json => '[1]' },
                         headers => ["X-To: $to"]) })
        } 1 .. 20;
        my @same = grep {
            finish($_)->{body} =~ s/\n//gr
                eq "{\"a\":$main::large,\"b\":2,\"c\":[1]}"
        } @began;

        is(scalar @same, 20, "$name: $to");
    }
}],



=== TEST 2: cancelled while threads read
--- main_config eval: $main::main_config
--- http_config eval: $main::http_config
--- config eval: $main::config
--- user_files eval: $main::files
--- cases
(map {
    my $to = $_;

    ["a required part fails: $to", sub {
        my ($name) = @_;

        my %codes;

        for (1 .. 50) {
            my $res = http(%{ ask(uri => '/fails', conn => "c$to",
                                  a => { large => 300000 },
                                  b => { never => 1 },
                                  headers => ["X-To: $to"]) });

            $codes{$res->{code} // '-'}++;
        }

        is_deeply(\%codes, { 502 => 50 }, $name);
        is(http(uri => '/nothing', conn => "c$to")->{code}, 204,
           "$name: the connection");
    }],
    ["the client leaves: $to", sub {
        my ($name) = @_;

        http(uri => '/nothing');

        my $before = main::sockets();

        for my $n (1 .. 50) {
            my $began = start(%{ ask(uri => '/t', a => { large => 300000 },
                                     b => { never => 1 },
                                     c => { json => 1 },
                                     headers => ["X-To: $to"]) });

            Time::HiRes::sleep($n / 20000);
            close $began->{conn}{socket};
        }

        wait_for(sub { main::sockets() <= $before });
        cmp_ok(main::sockets(), '<=', $before, "$name: connections");
        is(http(uri => '/nothing')->{code}, 204, $name);
    }],
    ["a stream of HTTP/2 is reset: $to", sub {
        my ($name) = @_;

        my $conn = GwH2->new($main::socket);

        for my $n (1 .. 20) {
            my $id = $conn->request(%{ ask(uri => '/t',
                                           a => { large => 300000 },
                                           b => { never => 1 },
                                           c => { json => 1 }) });

            Time::HiRes::sleep($n / 20000);
            $conn->reset($id);
        }

        is($conn->answer($conn->request(uri => '/nothing'))->{code}, 204,
           $name);
        $conn->close;
    }]
} '/_file', '/_direct', '/_sendfile', '/_cached', '/_spilled')



=== TEST 3: a file that cannot be read on
--- main_config eval: $main::main_config
--- http_config eval: $main::http_config
--- config eval: $main::config
--- user_files eval: $main::files
--- log_allows: alert crit
--- cases
['it is shorter than it was', sub {
    my ($name) = @_;

    for my $http (1, 2) {
        my $file = unique();
        my $conn = $http == 2 ? GwH2->new($main::socket) : undef;
        my $get = sub {
            return $conn ? $conn->answer($conn->request(uri => "/changed?$file"))
                         : http(uri => "/changed?$file", conn => 'c');
        };
        my $path = Test::Nginx::Util::html_dir() . "/$file";

        # nginx keeps its length

        open my $out, '>', $path or die "$path: $!";
        print $out large(5000);
        close $out;

        my $res = $get->();

        is($res->{body}, '{"a":' . large(5000) . ',"b":2}',
           "$name: HTTP/$http, before");
        truncate $path, 3000 or die "$path: $!";

        $res = $get->();
        is($res->{code}, 200, "$name: HTTP/$http, code");
        is($res->{body}, '{"b":2}', "$name: HTTP/$http, body");
        unlink $path;
        is(($conn ? $conn->answer($conn->request(uri => '/nothing'))
                  : http(uri => '/nothing', conn => 'c'))->{code}, 204,
           "$name: HTTP/$http, the next request");
    }
}],
