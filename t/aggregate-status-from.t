# What a client gets with a status that is a part's own: the fields without
# which it is of no use.

use GwTest;
use GwPart;

our $config = $GwPart::PARTS . $GwPart::KEPT . <<'_EOC_';
location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a status_from=part;
    gw_part b /_p/b?json=2;
}

location = /kept {
    gw_aggregate on;
    gw_part a /_k/a?$http_x_a status_from=part;
}

location = /plain {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
}

location = /page {
    error_page 401 /error;
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a status_from=part;
}

location = /outer {
    gw_aggregate on;
    gw_part t /t status_from=part;
}

location = /error { internal; return 200 "a page\n"; }
_EOC_

our @two = ('WWW-Authenticate: Bearer realm="one", error="x"',
            'www-authenticate: Basic realm="two"');

run_tests();

__DATA__

=== TEST 1: fields of a status that is passed on
--- http_config eval: $GwPart::KEEP
--- config eval: $main::config
--- cases
(map {
    ["two WWW-Authenticate: $_",
     ask(uri => $_, a => { status => 401, head => \@main::two }), 401, '',
     'WWW-Authenticate' => ['Bearer realm="one", error="x"',
                            'Basic realm="two"']]
} '/t', '/kept', '/outer'),
['two WWW-Authenticate, and a page',
 ask(uri => '/page', a => { status => 401, head => \@main::two }), 401, '',
 'WWW-Authenticate' => ['Bearer realm="one", error="x"',
                        'Basic realm="two"'],
 body => "a page\n", error => '401 a status'],
['many', ask(uri => '/t', a => { status => 401,
                                 head => [map { "WWW-Authenticate: S$_" }
                                              1 .. 20] }), 401, '',
 'WWW-Authenticate' => [map { "S$_" } 1 .. 20]],
['none', ask(uri => '/t', a => { status => 401 }), 401, '',
 'WWW-Authenticate' => undef],
['an empty one', ask(uri => '/t', a => { status => 401,
                                         head => ['WWW-Authenticate:'] }),
 401, '', 'Content-Type' => 'application/problem+json'],
['Retry-After', ask(uri => '/t', a => { status => 429,
                                        head => ['Retry-After: 7'] }), 429, '',
 'Retry-After' => '7', 'WWW-Authenticate' => undef],
['other fields are not', ask(uri => '/t', a => { status => 403,
                                                 head => ['X-Other: 7'] }),
 403, '', 'X-Other' => undef],
['not of a status that is not', ask(uri => '/t', a => { status => 500,
                                                        head => \@main::two }),
 502, '', 'WWW-Authenticate' => undef],
['not without the option', ask(uri => '/plain', a => { status => 401,
                                                       head => \@main::two }),
 502, '', 'WWW-Authenticate' => undef],
['not of a part that has succeeded',
 ask(uri => '/t', a => { json => 1, head => \@main::two }), 200, '',
 'WWW-Authenticate' => undef],
