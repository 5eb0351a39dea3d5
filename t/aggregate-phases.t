# What runs for a part and what does not: no access phase, but tokens; limits
# are charged once; and aggregates within aggregates.

use GwTest;
use GwPart;

our $levels = $GwPart::PARTS . join '', map {
    my $next = $_ + 1;

    <<"_EOC_";
location = /level$_ {
    gw_aggregate on;
    gw_part here /_p/level$_?json=$_;
    gw_part next /level$next;
}

location = /merged$_ {
    gw_aggregate on;
    gw_part a /_p/level$_?json=%7B%22l$_%22:$_%7D as=merge;
    gw_part b /merged$next as=merge optional;
}
_EOC_
} 1 .. 6;

run_tests();

__DATA__

=== TEST 1: the access phase
--- user_files
>>> users
ada:{PLAIN}secret
--- config eval
<<'_EOC_'
location = /open {
    gw_aggregate on;
    gw_part a /_denied/a;
    gw_part b /_basic/b;
    gw_part c /_asked/c;
}

location = /closed {
    deny all;
    gw_aggregate on;
    gw_part a /_denied/a;
}

location = /basic {
    auth_basic x;
    auth_basic_user_file $TEST_NGINX_SERVER_ROOT/html/users;
    gw_aggregate on;
    gw_part a /_denied/a;
}

location ^~ /_denied/ {
    internal;
    deny all;
    proxy_pass http://$TEST_NGINX_PART;
}

location ^~ /_basic/ {
    internal;
    auth_basic x;
    auth_basic_user_file $TEST_NGINX_SERVER_ROOT/html/users;
    proxy_pass http://$TEST_NGINX_PART;
}

location ^~ /_asked/ {
    internal;
    auth_request /_no;
    proxy_pass http://$TEST_NGINX_PART;
}

location = /_no { internal; return 403; }
_EOC_
--- cases
['it is not run for parts', '/open', 200, '', tells(a => method => 'GET'),
 tells(b => method => 'GET'), tells(c => method => 'GET')],
['it is for the aggregate', '/closed', 403, ''],
['it is for the aggregate, a password', '/basic', 401, ''],
['with the password', { uri => '/basic',
                        headers => ['Authorization: Basic YWRhOnNlY3JldA=='] },
 200, '', tells(a => authorization => 'Basic YWRhOnNlY3JldA==')],



=== TEST 2: tokens
--- http_config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
--- config eval
$GwPart::PARTS . <<'_EOC_'
gw_jwt off;

location = /parts {
    gw_aggregate on;
    gw_part a /_p/a?json=1;
    gw_part b /_token/b?json=2 status_from=part;
}

location = /optional {
    gw_aggregate on;
    gw_part a /_p/a?json=1;
    gw_part b /_token/b?json=2 optional;
}

location = /own {
    gw_aggregate on;
    gw_part a /_p/a?json=1;
    gw_part b /_token/b status_from=part;
    gw_part_header b Authorization "Bearer $http_x_other";
}

location = /whole {
    gw_jwt api;
    gw_aggregate on;
    gw_part a /_p/a?sub=$gw_jwt_claim_sub;
}

location ^~ /_token/ {
    internal;
    gw_jwt api;
    proxy_set_header X-Sub $gw_jwt_claim_sub;
    proxy_pass http://$TEST_NGINX_PART;
}
_EOC_
--- cases
['a part needs a token', '/parts', 401, '',
 'WWW-Authenticate' => qr/^Bearer/,
 json => { part => 'b', reason => 'status', status => 401 },
 error => qr/^401 /],
['a part gets one', { uri => '/parts', token => jwt() }, 200, '',
 body => '{"a":1,"b":2}'],
['a part that is optional needs one', '/optional', 200, 'b;reason=status',
 body => '{"a":1}'],
['a part with another one',
 { uri => '/own', token => 'x',
   headers => ['X-Other: ' . jwt(claims => { sub => 'other' })] }, 200, '',
 tells(b => 'x-sub' => 'other')],
['a part with another one, which is bad',
 { uri => '/own', token => jwt(), headers => ['X-Other: x'] }, 401, ''],
['the aggregate needs one', '/whole', 401, '', error => '401 missing'],
['the aggregate gets one', { uri => '/whole', token => jwt() }, 200, '',
 tells(a => uri => '/_p/a?sub=alice')],



=== TEST 3: limits
--- http_config
gw_ratelimit_zone $http_x_key zone=whole:1m rate=10r/h burst=2;
gw_ratelimit_zone $http_x_key zone=part:1m rate=10r/h;
gw_concurrency_zone $http_x_key zone=same:1m;
--- config eval
<<'_EOC_'
add_header X-Results $gw_ratelimit_results always;

location = /t {
    gw_ratelimit zone=whole;
    gw_concurrency zone=same limit=1;
    gw_aggregate on;
    gw_part a /_limited/a?json=1;
    gw_part b /_limited/b?json=2;
    gw_part c /_limited/c?json=3;
}

location ^~ /_limited/ {
    internal;
    gw_ratelimit zone=part;
    gw_concurrency zone=same limit=1;
    proxy_pass http://$TEST_NGINX_PART;
}
_EOC_
--- cases
(map { ["three pass, $_", { key => 'k' }, 200, undef,
        body => '{"a":1,"b":2,"c":3}'] } 1 .. 3),
['the fourth does not', { key => 'k' }, 429, undef,
 'Retry-After' => qr/^\d+$/, 'Content-Type' => 'application/problem+json'],



=== TEST 4: aggregates within aggregates
--- config eval
$main::levels
--- cases
['four levels', { uri => '/level3' }, 502, ''],
['four levels, merged', { uri => '/merged3' }, 200, '',
 body => '{"l3":3,"l4":4,"l5":5,"l6":6}'],
['the bound', { uri => '/level1' }, 502, '', json => { part => 'next' },
 log => 'more than 4 aggregates within each other'],
['the bound, merged: what is too deep is left out', { uri => '/merged1' }, 200,
 undef, then => sub {
     my ($res, $name) = @_;

     is($res->{body}, '{"l1":1,"l2":2,"l3":3,"l4":4}', $name)
         or diag($res->{body});
 }],



=== TEST 5: an aggregate as a part
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /t {
    gw_aggregate on;
    gw_aggregate_errors /errors;
    gw_part a /inner?$args optional;
    gw_part b /_p/b?$http_x_b;
}

location = /required {
    gw_aggregate on;
    gw_part a /inner status_from=part;
    gw_part b /_p/b?$http_x_b;
}

location = /posted {
    gw_aggregate on;
    gw_part a /inner-body method=POST body=pass;
    gw_part b /inner-put method=PUT optional;
}

location = /inner {
    internal;
    gw_aggregate on;
    gw_part x /_p/x?$http_x_x status_from=part;
    gw_part y /_p/y?$http_x_y&args=$args optional;
}

location = /inner-body {
    internal;
    gw_aggregate on;
    gw_part x /_p/x method=POST body=pass;
    gw_part y /_p/y method=POST body=$request_body;
}

location = /inner-put {
    internal;
    gw_aggregate on;
    gw_part x /_p/x;
}
_EOC_
--- cases
['both', ask(uri => '/t', x => { json => 1 }, y => { json => 2 },
             b => { json => 3 }), 200, '', body => '{"a":{"x":1,"y":2},"b":3}'],
['an optional part within', ask(uri => '/t', x => { json => 1 },
                                y => { json => '!' }, b => { json => 3 }),
 200, '', body => '{"a":{"x":1},"b":3}', 'Cache-Control' => 'no-store'],
['a required part within', ask(uri => '/t', x => { json => '!' },
                               y => { json => 2 }, b => { json => 3 }),
 200, 'a;reason=connect',
 body => '{"b":3,"errors":{"a":{"reason":"connect"}}}'],
['a required part of a required one', ask(uri => '/required',
                                          x => { json => '!' },
                                          y => { json => 2 },
                                          b => { json => 3 }),
 502, '', error => '502 a connect'],
['a status from within', ask(uri => '/required', x => { status => 404 },
                             y => { json => 2 }, b => { json => 3 }),
 404, '', error => '404 a status'],
['its own query', ask(uri => '/t?q=1', x => { json => 1 }, y => {},
                      b => { json => 3 }), 200, '', then => sub {
    my ($res, $name) = @_;

    is(told($res)->{a}{y}{uri}, '/_p/y?&args=q=1', $name);
}],
['the client\'s body', { uri => '/posted', method => 'POST', body => 'xyz' },
 200, 'b;reason=status', then => sub {
    my ($res, $name) = @_;

    is(told($res)->{a}{$_}{body}, 'xyz', "$name: $_") for 'x', 'y';
}],
