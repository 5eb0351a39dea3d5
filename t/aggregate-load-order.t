# The same, whatever order modules are loaded in: what others say of a part and
# of the aggregate, and what they refuse.

use GwTest;
use GwPart;

our @orders = do {
    my @modules = split ' ', $ENV{TEST_NGINX_LOAD_MODULES};
    my ($auth) = grep { /gw_auth/ } @modules;
    my ($limit) = grep { /gw_ratelimit/ } @modules;
    my ($aggregate) = grep { /gw_aggregate/ } @modules;

    ("$aggregate $auth $limit", "$limit $auth $aggregate",
     "$auth $aggregate $limit");
};

add_block_preprocessor(sub {
    my ($block) = @_;

    $Test::Nginx::Util::LoadModules = $orders[$block->order];
});

our $http_config = <<'_EOC_';
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_ratelimit_zone $http_x_key zone=whole:1m rate=10r/h;
_EOC_

our $config = $GwPart::PARTS . <<'_EOC_';
add_header X-JWT $gw_jwt_status always;

location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_token/b?json=2 status_from=part;
    gw_part_set $x a /x;
    gw_part c /_p/c?sub=$gw_jwt_claim_sub&x=$x;
}

location = /whole {
    gw_jwt api;
    gw_ratelimit zone=whole;
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
}

location ^~ /_token/ {
    internal;
    gw_jwt api;
    proxy_pass http://$TEST_NGINX_PART;
}
_EOC_

our @cases = (
    ['a part needs a token', ask(uri => '/t', a => { json => '{"x":1}' }),
     401, '', 'WWW-Authenticate' => qr/^Bearer/, error => '401 b status',
     'Content-Type' => 'application/problem+json',
     json => { part => 'b', reason => 'status', status => 401 }],
    ['a part gets one', { %{ ask(uri => '/t', a => { json => '{"x":"&"}' }) },
                          token => jwt() }, 200, '',
     tells(c => uri => '/_p/c?sub=&x=%26')],
    ['the aggregate needs one', ask(uri => '/whole', a => { json => 1 }), 401,
     '', 'WWW-Authenticate' => qr/^Bearer/, error => '401 missing',
     'Content-Type' => 'application/problem+json'],
    ['it gets one', { %{ ask(uri => '/whole', a => { json => 1 }) }, key => 1,
                      token => jwt() }, 200, '', body => '{"a":1}'],
    ['a limit', { %{ ask(uri => '/whole', a => { json => 1 }) }, key => 1,
                  token => jwt() }, 429, '', 'Retry-After' => qr/^\d+$/,
     error => qr/^429 /, 'Content-Type' => 'application/problem+json'],
    ['a part fails', { %{ ask(uri => '/whole', a => { json => '!' }) },
                       key => 2, token => jwt() }, 502, '',
     error => '502 a json'],
);

run_tests();

__DATA__

=== TEST 1: the aggregate first
--- order: 0
--- http_config eval: $main::http_config
--- config eval: $main::config
--- cases
@main::cases



=== TEST 2: the aggregate last
--- order: 1
--- http_config eval: $main::http_config
--- config eval: $main::config
--- cases
@main::cases



=== TEST 3: the aggregate between the others
--- order: 2
--- http_config eval: $main::http_config
--- config eval: $main::config
--- cases
@main::cases
