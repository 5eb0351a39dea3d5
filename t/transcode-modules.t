# Beside the other modules, whatever order they are loaded in: what they refuse
# is a google.rpc.Status, and a part of an aggregate may be a call.

use GwTest;
use GwGrpc;

our @orders = do {
    my @modules = split ' ', $ENV{TEST_NGINX_LOAD_MODULES};
    my %of = map { /gw_(\w+)_module/ ? ($1 => $_) : () } @modules;
    my ($transcode, $auth, $limit, $aggregate)
        = @of{qw(transcode auth ratelimit aggregate)};

    ("$transcode $auth $limit $aggregate", "$aggregate $limit $auth $transcode",
     "$auth $transcode $aggregate $limit", "$limit $aggregate $transcode $auth");
};

our $alone = (grep { /gw_transcode/ }
                   split ' ', $ENV{TEST_NGINX_LOAD_MODULES})[0];

add_block_preprocessor(sub {
    my ($block) = @_;

    $Test::Nginx::Util::LoadModules = $block->order eq 'alone'
                                      ? $alone : $orders[$block->order];
});

our $http_config = $GwGrpc::HTTP . <<'_EOC_';
    gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
    gw_jwt_require_claim sub ne mallory;
    gw_ratelimit_zone $http_x_key zone=one:1m rate=10r/h;
_EOC_

our $config = <<'_EOC_';
location /v1/ {
    gw_transcode test.v1.Test;
    grpc_pass grpc://service;
}

location /v1/items {
    gw_jwt api;
    gw_ratelimit zone=one;
    gw_ratelimit_headers both;
    gw_transcode test.v1.Test;
    grpc_pass grpc://service;
}

location /v1/color/ {
    gw_jwt api;
    error_page 401 /page;
    gw_transcode test.v1.Test;
    grpc_pass grpc://service;
}

location /plain {
    gw_jwt api;
}

location /page { return 401 "a page\n"; }

location = /all {
    gw_aggregate on;
    gw_part item /v1/name/$arg_name optional;
    gw_part sent /v1/echo method=POST body=pass optional;
    gw_part list /v1/watch/2 optional;
    gw_part lines /v1/watch/1 optional;
    gw_part made "/v1/get?name=${gw_part_item_status}" after=item optional;
}

location = /needs {
    gw_aggregate on;
    gw_part item /v1/wrapped/$arg_n;
}

location = /soon {
    gw_aggregate on;
    client_max_body_size 10m;
    gw_part sent /v1/echo method=POST body=pass;
    gw_part none /none;
}
_EOC_

our @cases = (
    ['no token', call('/v1/items/5'), 401, undef,
     'WWW-Authenticate' => qr/^Bearer/, 'Content-Type' => 'application/json',
     'X-Error' => '401 missing', json => { code => 16, details => [],
                                           message => qr/token/ }],
    ['a bad token', { %{ call('/v1/items/5') }, token => 'x' }, 401, undef,
     json => { code => 16 }, 'X-Error' => '401 malformed'],
    ['a claim that is refused', { %{ call('/v1/items/5') },
                                  token => jwt(claims =>
                                               { sub => 'mallory' }) }, 403,
     undef, 'Content-Type' => 'application/json', json => { code => 7 }],
    ['a token', { %{ call('/v1/items/5') }, token => jwt(), key => 'a' }, 200,
     0, sent(request => { id => '5' }, authorization => qr/^Bearer/)],
    ['too many', { %{ call('/v1/items/5') }, token => jwt(), key => 'a' },
     429, undef, 'Content-Type' => 'application/json',
     'Retry-After' => qr/^\d+$/, json => { code => 8, details => [],
                                           message => qr/limit/ },
     'X-Error' => '429 ratelimit one'],
    ['too many, of a POST', { %{ call('/v1/items', json => {}) },
                              token => jwt(), key => 'a' }, 429, undef,
     json => { code => 8 }],
    ['too many, native', { %{ call('/v1/items/5', method => 'POST', body => '',
                                   type => 'application/grpc') },
                           token => jwt(), key => 'a' }, 200, undef,
     'Grpc-Status' => '8', body => ''],
    ['no token, native', call('/v1/items/5', method => 'POST', body => '',
                              type => 'application/grpc'), 200, undef,
     'Grpc-Status' => '16', body => ''],
    ['no token, and no route either', call('/v1/items/5/6/7'), 401, undef,
     json => { code => 16 }],
    ['a token, and no route', { %{ call('/v1/items/5/6/7') }, token => jwt(),
                                key => 'b' }, 404, 5, error => '404 route',
     json => { code => 5 }],
    ['an error_page', call('/v1/color/RED'), 401, undef, body => "a page\n"],
    ['a location that does not transcode', call('/plain'), 401, undef,
     'Content-Type' => 'application/problem+json'],
    ['a service\'s error, as before', call('/v1/get', do => {
        code => 16, message => 'm' }), 401, 16, status(16, 'm'),
     'WWW-Authenticate' => 'Bearer'],
);

our @parts = (
    ['parts that are calls', call('/all?name=xy', body => '{"id":5}',
                                  type => 'application/json'), 200, undef,
     then => sub {
         my ($res, $name) = @_;

         my $got = eval { unjson($res->{body}) } // {};

         is_deeply(GwGrpc::inner($got->{item}{request} // '{}'),
                   { name => 'xy' }, "$name: path") or diag($res->{body});
         is_deeply($got->{sent}, { id => '5' }, "$name: body")
             or diag($res->{body});
         is_deeply($got->{list}, [{ id => '1' }, { id => '2' }],
                   "$name: a stream");
         is_deeply(GwGrpc::inner($got->{made}{request} // '{}'),
                   { name => '200' }, "$name: a variable");
     }],
    ['a part that fails', call('/needs?n=x'), 502, undef,
     'Content-Type' => 'application/problem+json',
     json => { part => 'item', reason => 'status', status => 502 }],
    ['a part that does not', call('/needs?n=6'), 200, undef, then => sub {
        my ($res, $name) = @_;

        my $got = eval { unjson($res->{body}) } // {};

        is_deeply(GwGrpc::inner($got->{item}{request} // '{}'),
                  { wrapped => '6' }, $name) or diag($res->{body});
    }],
    ['a long body to a part', call('/all?name=x',
        body => '{"text":"' . 'x' x 200000 . '"}',
        type => 'application/json'), 200, undef, then => sub {
        my ($res, $name) = @_;

        is((eval { unjson($res->{body}) } // {})->{sent}{text}, 'x' x 200000,
           $name);
    }],
    ['another part fails while a long body is read', call('/soon',
        body => '{"text":"' . 'x' x 3000000 . '"}',
        type => 'application/json'), 502, undef,
     json => { part => 'none', reason => 'status' }],
);

run_tests();

__DATA__

=== TEST 1: transcode, auth, ratelimit, aggregate
--- http_config eval: $main::http_config
--- config eval: $main::config
--- order: 0
--- cases
@main::cases, @main::parts,



=== TEST 2: the other way round
--- http_config eval: $main::http_config
--- config eval: $main::config
--- order: 1
--- cases
@main::cases, @main::parts,



=== TEST 3: between the others
--- http_config eval: $main::http_config
--- config eval: $main::config
--- order: 2
--- cases
@main::cases, @main::parts,



=== TEST 4: between the others, the other way round
--- http_config eval: $main::http_config
--- config eval: $main::config
--- order: 3
--- cases
@main::cases, @main::parts,



=== TEST 5: alone
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- order: alone
--- cases
['a call', call('/v1/items/5'), 200, 0, sent(request => { id => '5' })],
refusal('what is refused', call('/v1/get?id=x'), 400, 'query', qr/./),
