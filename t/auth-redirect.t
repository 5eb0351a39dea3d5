# Internal redirects are checked by the location they arrive at.

use GwTest;

our $good = jwt(alg => 'HS256');
our $bob = jwt(alg => 'HS256', claims => { sub => 'bob' });
our $bad = jwt(alg => 'HS256', signature => \&flip);

run_tests();

__DATA__

=== TEST 1: from an open location to a protected one
--- http_config eval
<<'_EOC_' . $GwTest::BACK
    server {
        listen unix:$TEST_NGINX_SOCK/accel.sock;
        gw_jwt off;

        location / {
            add_header X-Accel-Redirect $arg_to;
            return 200;
        }
    }
_EOC_
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
root $TEST_NGINX_SERVER_ROOT/html;

location = /protected {
    gw_jwt "protected";
    gw_jwt_require_claim sub eq alice;
    proxy_set_header X-User $gw_jwt_claim_sub;
    proxy_pass http://$TEST_NGINX_BACK;
}

location @protected {
    gw_jwt "protected";
    gw_jwt_require_claim sub eq alice;
    proxy_set_header X-User $gw_jwt_claim_sub;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /rewrite {
    rewrite ^ /protected last;
}

location /try {
    try_files $uri /protected;
}

location /named {
    try_files $uri @protected;
}

location /fails {
    error_page 404 = /protected;
}

location /fails/named {
    error_page 404 = @protected;
}

location /accel {
    proxy_pass http://unix:$TEST_NGINX_SOCK/accel.sock;
}

location /dir/ {
    index page;
}

location = /dir/page {
    gw_jwt "protected";
    gw_jwt_require_claim sub eq alice;
}
--- user_files
>>> dir/page
GET user=[alice]
--- cases
map {
    my $uri = $_;

    (
        ["$uri, none", $uri, 401, 'missing',
         'WWW-Authenticate' => ['Bearer realm="protected"']],
        ["$uri, bad", { uri => $uri, token => $bad }, 401, 'bad_signature'],
        ["$uri, bob", { uri => $uri, token => $bob }, 403, 'refused'],
        ["$uri, alice", { uri => $uri, token => $good }, 200, 'passed',
         body => qr/^GET.*user=\[alice\]/],
    )
} qw(/protected /rewrite /try /named /fails/x /fails/named/x
     /accel?to=/protected /accel?to=@protected /dir/)



=== TEST 2: from a protected location to an open one, and to another
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
root $TEST_NGINX_SERVER_ROOT/html;
proxy_set_header X-User "$gw_jwt_claim_sub";

location /open {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /stricter {
    gw_jwt "stricter";
    gw_jwt_require_claim sub eq alice error=401;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /keys {
    gw_jwt "keys";
    gw_jwt_key_file $TEST_NGINX_DATA/other.jwks;
    add_header X-Status $gw_jwt_status always;
    add_header X-Error $gw_error always;
    add_header X-Sub "<$gw_jwt_claim_sub|$gw_jwt_header_alg>" always;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /optional {
    gw_jwt "optional" optional;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /to/open {
    gw_jwt "main";
    try_files $uri /open;
}

location /to/stricter {
    gw_jwt "main";
    try_files $uri /stricter;
}

location /to/keys {
    gw_jwt "main";
    try_files $uri /keys;
}

location /optional/to/stricter {
    gw_jwt "main" optional;
    try_files $uri /stricter;
}

location /to/optional {
    gw_jwt "main";
    try_files $uri /optional;
}

location /to/itself {
    gw_jwt "main";
    index one two;
}
--- user_files
>>> to/itself/two
two
--- cases
['to an open one, none', '/to/open', 401, 'missing'],
['to an open one, good', { uri => '/to/open', token => $good }, 200, undef,
 body => qr/^GET/],
['to a stricter one, alice', { uri => '/to/stricter', token => $good }, 200,
 'passed', body => qr/user=\[alice\]/],
['to a stricter one, bob', { uri => '/to/stricter', token => $bob }, 401,
 'refused', 'WWW-Authenticate' => qr/^Bearer realm="stricter"/],
['to a stricter one, none', '/to/stricter', 401, 'missing',
 'WWW-Authenticate' => ['Bearer realm="main"']],
['to other keys', { uri => '/to/keys', token => $good }, 401,
 'bad_signature', 'WWW-Authenticate' => qr/^Bearer realm="keys"/,
 'X-Sub' => '<|>'],
['from optional to a stricter one, none', '/optional/to/stricter', 401,
 'missing', 'WWW-Authenticate' => ['Bearer realm="stricter"']],
['from optional to a stricter one, alice',
 { uri => '/optional/to/stricter', token => $good }, 200, 'passed'],
['to optional, none', '/to/optional', 401, 'missing'],
['to optional, bad', { uri => '/to/optional', token => $bad }, 401,
 'bad_signature'],
['to optional, good', { uri => '/to/optional', token => $good }, 200,
 'passed', body => qr/user=\[alice\]/],
['to itself', { uri => '/to/itself/', token => $good }, 200, 'passed',
 body => "two\n"],
['to itself, none', '/to/itself/', 401, 'missing'],



=== TEST 3: a loop ends
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
root $TEST_NGINX_SERVER_ROOT/html;

location /loop {
    gw_jwt "main";
    try_files $uri /loop;
}
--- cases
['good', { uri => '/loop', token => $good }, 500, undef,
 'WWW-Authenticate' => undef],
['none', '/loop', 401, 'missing'],
['good again', { uri => '/loop', token => $good }, 500, undef],
