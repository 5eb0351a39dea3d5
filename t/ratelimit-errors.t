# What a rejection looks like: body, status, log.

use GwTest;
use GwLimit;

our $type = 'https://iana.org/assignments/http-problem-types#quota-exceeded';


# The body of a problem of these zones.

sub problem {
    my ($res, $name, @zones) = @_;

    my $got = eval { unjson($res->{body}) } // {};

    is($got->{type}, $type, "$name: type");
    is($got->{status}, $res->{code}, "$name: status");
    is_deeply($got->{'violated-policies'}, \@zones, "$name: policies");
    like($got->{title}, qr/^[A-Z].*[^.]$/, "$name: title");
    is($res->{header}{'content-type'}, 'application/problem+json',
       "$name: Content-Type");
    is($res->{header}{'content-length'}, length $res->{body},
       "$name: Content-Length");
    is($res->{header}{'x-id'}, $got->{instance}, "$name: the request's id")
        if $res->{header}{'x-id'};
}


sub of {
    my (@zones) = @_;

    return (then => sub { problem(@_, @zones) });
}


run_tests();

__DATA__

=== TEST 1: the body
--- http_config eval
<<'_EOC_' . $GwLimit::ZONES . $GwLimit::BACK
    gw_concurrency_zone $http_x_key zone=in_flight:1m;
    gw_ratelimit_zone $http_x_key zone=a-z_0.9/~!#$%&'()*+<>?@[]^`|:1m rate=1r/d;
    gzip on;
    gzip_types *;
    gzip_min_length 1;
_EOC_
--- config
location /t {
    gw_ratelimit zone=one;
    add_header X-Status $gw_ratelimit_status always;
    add_header X-Results $gw_ratelimit_results always;
    add_header X-Error $gw_error always;
    add_header X-Id $request_id always;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /two {
    gw_ratelimit zone=five;
    gw_ratelimit zone=one;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /before {
    gw_ratelimit zone=one before_auth;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /name {
    gw_ratelimit zone=a-z_0.9/~!#$%&'()*+<>?@[]^`|;
    gw_ratelimit_headers both;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /file {
    gw_ratelimit zone=one;
    root $TEST_NGINX_SERVER_ROOT/html;
}
--- user_files
>>> file
a file
--- cases
passes(1, 'passed', as('a'), body => qr/^GET/),
rejected('rejected', as('a'), 'one', of('one')),
rejected('HEAD', as('a', '/t', method => 'HEAD'), 'one', body => '',
         'Content-Type' => 'application/problem+json'),
rejected('HEAD, then GET on the same connection',
         as('a', '/t', method => 'HEAD', conn => 'h'), 'one', body => ''),
rejected('GET', as('a', '/t', conn => 'h'), 'one', of('one')),
rejected('a range', as('a', '/t', headers => ['Range: bytes=0-3']), 'one',
         'Content-Range' => undef, of('one')),
rejected('a condition', as('a', '/t', headers => [
             'If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT',
             'If-None-Match: *']), 'one', of('one')),
rejected('HTTP/1.0', as('a', '/t', version => '1.0'), 'one', of('one')),
rejected('Accept is not asked', as('a', '/t', headers => [
             'Accept: text/html']), 'one', of('one')),
rejected('a POST', as('a', '/t', method => 'POST', conn => 'p',
                      body => 'x' x 50000), 'one', of('one')),
['the connection goes on', as('p', '/t', conn => 'p'), 200, 'passed'],
passes(1, 'two rules', as('b', '/two')),
rejected('who rejected', as('b', '/two'), 'one', of('one')),
passes(1, 'before_auth', as('c', '/before')),
rejected('before_auth', as('c', '/before'), 'one', of('one')),
passes(1, 'a name', as('n', '/name')),
do {
    my $name = "a-z_0.9/~!#\$%&'()*+<>?\@[]^`|";

    rejected('a name', as('n', '/name'), $name, of($name),
             'RateLimit' => qr/^"\Q$name\E";r=0;t=\d+$/,
             'RateLimit-Policy' => "\"$name\";q=1;w=86400");
},
passes(1, 'a file', as('d', '/file'), body => "a file\n"),
rejected('a file', as('d', '/file'), 'one', of('one'),
         'Last-Modified' => undef, 'ETag' => undef, 'Accept-Ranges' => undef),



=== TEST 2: the status
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- user_files
>>> page.html
a page
--- config eval
join('', map { <<"_EOC_" } 400, 401, 403, 404, 408, 420, 429, 444, 499, 500, 503, 599)
location /s$_ {
    gw_ratelimit zone=one;
    gw_ratelimit_status $_;
    proxy_pass http://\$TEST_NGINX_BACK;
}
_EOC_
. <<'_EOC_'
location /page {
    gw_ratelimit zone=one;
    gw_ratelimit_status 503;
    error_page 429 /other.html;
    error_page 503 /page.html;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /page.html {
    root $TEST_NGINX_SERVER_ROOT/html;
}
_EOC_
--- cases
(map {
    my $code = $_;

    (
        passes(1, $code, as($code, "/s$code")),
        [$code, as($code, "/s$code"), $code, 'rejected',
         'Retry-After' => about(360), error => "$code ratelimit one",
         of('one')],
    )
} 400, 401, 403, 404, 420, 429, 500, 503, 599),

# for nginx these mean to close the connection

(map {
    (
        passes(1, $_, as($_, "/s$_")),
        ["$_: no answer", as($_, "/s$_"), undef],
    )
} 408, 444, 499),
passes(1, 'its error_page', as('p', '/page')),
['its error_page', as('p', '/page'), 503, 'rejected', body => "a page\n",
 'Retry-After' => about(360)],



=== TEST 3: the log
--- http_config eval
<<'_EOC_' . $GwLimit::ZONES . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=d:1m rate=20r/s burst=3;
_EOC_
--- config eval
join('', map { <<"_EOC_" } qw(info notice warn error))
location /$_ {
    gw_ratelimit zone=three;
    gw_ratelimit_log_level $_;
    proxy_pass http://\$TEST_NGINX_BACK;
}

location /delay/$_ {
    gw_ratelimit zone=d delay=0;
    gw_ratelimit_log_level $_;
    proxy_pass http://\$TEST_NGINX_BACK;
}

location /dry/$_ {
    gw_ratelimit zone=three dry_run;
    gw_ratelimit_log_level $_;
    proxy_pass http://\$TEST_NGINX_BACK;
}
_EOC_
. <<'_EOC_'
location /t {
    gw_ratelimit zone=one;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_
--- cases
do {
    my @levels = qw(info notice warn error);

    # lines of the log about a zone that have come since

    my $about = sub {
        my ($zone, $sub) = @_;

        my $before = () = grep { /"$zone"/ } log_lines();

        $sub->();

        my @lines = grep { /"$zone"/ } log_lines();

        return @lines[$before .. $#lines];
    };

    (
        ['passing is no news', sub {
            my @lines = $about->('three', sub {
                http(uri => '/error', key => 'p') for 1 .. 3;
            });

            is(scalar @lines, 0, $_[0]);
        }],
        (map {
            my $level = $levels[$_];
            my $lower = $_ ? $levels[$_ - 1] : 'info';

            (
                ["rejections: $level", sub {
                    my ($name) = @_;

                    my @lines = $about->('three', sub {
                        http(uri => "/$level", key => $level) for 1 .. 5;
                    });

                    is(scalar @lines, 2, "$name: a line each");
                    like($_, qr/\[$level\].*"three".*client: /, $name)
                        for @lines;
                    unlike($_, qr/dry run/, "$name: real") for @lines;
                }],
                ["delays: $level", sub {
                    my ($name) = @_;

                    my @lines = $about->('d', sub {
                        burst(2, uri => "/delay/$level", key => $level);
                    });

                    is(scalar @lines, 1, "$name: a line");
                    like($_, qr/\[$lower\].*"d".*client: /, $name)
                        for @lines;
                }],
                ["dry runs: $level", sub {
                    my ($name) = @_;

                    my @lines = $about->('three', sub {
                        http(uri => "/dry/$level", key => "d$level")
                            for 1 .. 5;
                    });

                    is(scalar @lines, 2, "$name: a line each");
                    like($_, qr/\[$lower\].*dry run.*"three".*client: /,
                         $name) for @lines;
                }],
            )
        } 0 .. $#levels),
        ['the default is error', sub {
            my @lines = $about->('one', sub { http(key => 'x') for 1, 2 });

            like($lines[0], qr/\[error\]/, $_[0]);
        }],
        ['no key is in the log', sub {
            my ($name) = @_;

            http(key => 'very-secret-key', uri => '/t') for 1, 2;
            is(scalar(grep { /very-secret-key/ } log_lines()), 0, $name);
        }],
    )
},
