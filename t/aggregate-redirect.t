# Aggregates that requests come to by another way than their URI, and that they
# are left for: redirects, named locations, error pages, subrequests.

use GwTest;
use GwPart;

our $config = $GwPart::PARTS . <<'_EOC_';
location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_p/b?$http_x_b optional;
}

location = /rewritten { rewrite ^ /t last; }
location = /missing { error_page 404 = /t; return 404; }
location = /missing-too { error_page 404 /t; return 404; }
location = /named { try_files /nosuch @aggregate; }

location @aggregate {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_p/b?$http_x_b optional;
}

location = /sent { proxy_pass http://$TEST_NGINX_PART:/sent?$http_x_sent; }

# one that fails

location = /to-another {
    error_page 502 504 = /t;
    gw_aggregate on;
    gw_part bad /_p/bad?$http_x_bad;
}

location = /to-another-too {
    error_page 502 /t;
    gw_aggregate on;
    gw_part bad /_p/bad?$http_x_bad;
}

location = /to-name {
    error_page 502 504 = @aggregate;
    gw_aggregate on;
    gw_part bad /_p/bad?$http_x_bad;
}

location = /to-itself {
    recursive_error_pages on;
    error_page 502 /to-itself;
    gw_aggregate on;
    gw_part bad /_p/bad?$http_x_bad;
}

location = /to-file {
    error_page 502 504 =503 /page.json;
    gw_aggregate on;
    gw_part bad /_p/bad?$http_x_bad;
}

location = /to-service {
    error_page 502 = /_p/a?$http_x_a;
    gw_aggregate on;
    gw_part bad /_p/bad?$http_x_bad;
}

location = /elsewhere {
    error_page 502 https://status.example/;
    gw_aggregate on;
    gw_part bad /_p/bad?$http_x_bad;
}

location = /page.json { internal; root $TEST_NGINX_SERVER_ROOT/html; }

# subrequests of others

location = /ssi.html { ssi on; root $TEST_NGINX_SERVER_ROOT/html; }

location = /asked {
    auth_request /t;
    alias $TEST_NGINX_SERVER_ROOT/html/page.json;
}

location = /mirrored {
    mirror /t;
    proxy_pass http://$TEST_NGINX_PART:/mirrored?json=1;
}

location = /mirrors {
    mirror /_p/mirror;
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
}

location = /added {
    add_before_body /t;
    addition_types *;
    alias $TEST_NGINX_SERVER_ROOT/html/page.json;
}
_EOC_

our $files = <<'_EOC_';
>>> page.json
{"a":"page"}
>>> ssi.html
<1><!--# include virtual="/t" -->
<2><!--# include virtual="/t" -->
<3><!--# include virtual="/to-file" -->
_EOC_

run_tests();

__DATA__

=== TEST 1: ways that lead to an aggregate
--- user_files eval: $main::files
--- config eval: $main::config
--- cases
(map {
    my ($uri, $code, @more) = @$_;

    [$uri, ask(uri => $uri, a => { json => '[1]' }, b => { json => 2 }, @more),
     $code, '', body => '{"a":[1],"b":2}'],
    [$uri, ask(uri => $uri, a => { json => '[1]' }, b => { json => '!' },
               @more),
     $code, 'b;reason=json', body => '{"a":[1]}'],
    fails($uri, ask(uri => $uri, a => { json => '!' }, b => { never => 1 },
                    @more), 502, 'a', 'json'),
} ['/rewritten', 200], ['/missing', 200], ['/named', 200],
  ['/sent', 200, sent => { head => ['X-Accel-Redirect: /t'] }],
  ['/sent', 200, sent => { head => ['X-Accel-Redirect: @aggregate'] }]),
['with a status of its own',
 ask(uri => '/missing-too', a => { json => 1 }, b => { json => 2 }), qr/^404$/,
 undef, body => '{"a":1,"b":2}'],



=== TEST 2: where a failed one leads to
--- user_files eval: $main::files
--- config eval: $main::config
--- cases
(map {
    my ($uri, $code) = @$_;

    ["$uri, not needed", ask(uri => $uri, bad => { json => 1 }), 200, '',
     body => '{"bad":1}'],
    ["$uri: another answers", ask(uri => $uri, bad => { json => '!' },
                                  a => { json => 1 }, b => { json => 2 }),
     $code, '', body => '{"a":1,"b":2}'],
    ["$uri: another fails", ask(uri => $uri, bad => { json => '!' },
                                a => { status => 404 }, b => { never => 1 }),
     502, '', then => sub {
         is(eval { unjson($_[0]{body})->{part} }, 'a', $_[1]);
     }],
} ['/to-another', 200], ['/to-name', 200], ['/to-another-too', 502]),
['to itself', ask(uri => '/to-itself', bad => { json => '!' }),
 qr/^50[02]$/, undef],
['to a file', ask(uri => '/to-file', bad => { json => '!' }), 503, '',
 body => "{\"a\":\"page\"}\n", error => '502 bad json'],
['to a service', ask(uri => '/to-service', bad => { json => '!' },
                     a => { json => '"s"' }), 200, '', body => '"s"',
 error => '502 bad json'],
['to elsewhere', ask(uri => '/elsewhere', bad => { json => '!' }), 302, '',
 Location => 'https://status.example/', error => '502 bad json'],



=== TEST 3: subrequests of others
--- user_files eval: $main::files
--- config eval: $main::config
--- cases
['ssi', ask(uri => '/ssi.html', a => { json => '[1]', delay => 0.05 },
            b => { json => 2 }, bad => { json => 3 }), 200, '',
 body => "<1>{\"a\":[1],\"b\":2}\n<2>{\"a\":[1],\"b\":2}\n<3>{\"bad\":3}\n"],
['ssi, large', ask(uri => '/ssi.html', a => { large => 500000 },
                   b => { json => 2 }, bad => { json => 3 }), 200, '',
 body => "<1>{\"a\":" . large(500000) . ",\"b\":2}\n<2>{\"a\":"
         . large(500000) . ",\"b\":2}\n<3>{\"bad\":3}\n"],
(map {
    my ($when, $others, $bad) = @$_;

    ["ssi, one has a page, $when",
     ask(uri => '/ssi.html', a => { json => 1, delay => $others },
         b => { json => 2 }, bad => { json => '!', delay => $bad }), 200, '',
     body => "<1>{\"a\":1,\"b\":2}\n<2>{\"a\":1,\"b\":2}\n<3>{\"a\":\"page\"}"
             . "\n\n"]
} ['at once', 0, 0], ['first', 0.2, 0], ['last', 0, 0.2]),
['ssi, all fail', ask(uri => '/ssi.html', a => { json => '!' },
                      b => { never => 1 }, bad => { json => 3 }), 200, '',
 body => qr/^<1>.*"part":"a".*<2>.*<3>\{"bad":3\}\n$/s],
['ssi, the client leaves', sub {
    my ($name) = @_;

    my $since = since();
    my $began = start(%{ ask(uri => '/ssi.html', a => { never => 1 },
                             b => { large => 5000, stall => 100 },
                             bad => { json => 3 }) });

    GwPart::saw($name, $since, 'came', $_, 2) for qw(a b);
    close $began->{conn}{socket};
    GwPart::saw($name, $since, 'gone', $_, 2) for qw(a b);
}],
['auth_request', ask(uri => '/asked', a => { large => 50000 },
                     b => { json => 2 }), 200, '',
 body => "{\"a\":\"page\"}\n"],
['auth_request, it fails', ask(uri => '/asked', a => { json => '!' },
                               b => { json => 2 }), 500, undef],
['mirror of a request', sub {
    my ($name) = @_;

    my $since = since();
    my $res = http(%{ ask(uri => '/mirrored', a => { json => 1 },
                          b => { json => 2 }) });

    is($res->{body}, '1', "$name: body");
    GwPart::saw($name, $since, 'answered', $_, 1) for qw(a b);
}],
['mirror of an aggregate', sub {
    my ($name) = @_;

    my $since = since();
    my $res = http(%{ ask(uri => '/mirrors', a => { json => 1 }) });

    is($res->{body}, '{"a":1}', "$name: body");
    GwPart::saw($name, $since, 'came', 'mirror', 1);
}],
['mirror of an aggregate with a body', sub {
    my ($name) = @_;

    my $since = since();
    my $res = http(%{ ask(uri => '/mirrors', method => 'POST',
                          body => 'x' x 50000, a => { json => 1 }) });

    is($res->{body}, '{"a":1}', "$name: body");
    GwPart::saw($name, $since, 'came', 'mirror', 1);
}],
['addition', ask(uri => '/added', a => { json => 1 }, b => { json => 2 }), 200,
 '', body => "{\"a\":1,\"b\":2}{\"a\":\"page\"}\n"],
