# dry_run: counts, logs and sets variables, but never rejects or holds.

use GwTest;
use GwLimit;

run_tests();

__DATA__

=== TEST 1: it never rejects
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- config
gw_ratelimit_headers both;

location /t {
    gw_ratelimit zone=three dry_run;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /real {
    gw_ratelimit zone=three;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /before {
    gw_ratelimit zone=three dry_run before_auth;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /page {
    gw_ratelimit zone=one dry_run;
    error_page 429 /nothing;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
passes(3, 'within', as('a'), 'X-Results' => 'three=passed',
       'RateLimit' => undef),
(map { ["beyond, $_", as('a'), 200, 'dry_run_rejected', body => qr/^GET/,
        'X-Results' => 'three=dry_run_rejected', error => undef,
        'X-Near' => qr/^three 3 0 3[56]\d$/, 'Retry-After' => undef,
        'RateLimit' => undef] } 1 .. 3),
rejected('it counts: a real rule rejects', as('a', '/real'), 'three'),
passes(2, 'a real rule counts', as('b', '/real')),
passes(1, 'for a dry one too', as('b')),
['beyond', as('b'), 200, 'dry_run_rejected'],
passes(3, 'before_auth', as('c', '/before')),
['before_auth, beyond', as('c', '/before'), 200, 'dry_run_rejected'],
passes(1, 'no error_page', as('d', '/page')),
['no error_page', as('d', '/page'), 200, 'dry_run_rejected', body => qr/^GET/],



=== TEST 2: beside real ones
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- config
location /t {
    gw_ratelimit zone=one dry_run;
    gw_ratelimit zone=three;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /reversed {
    gw_ratelimit zone=three;
    gw_ratelimit zone=one dry_run;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /behind {
    gw_ratelimit zone=one;
    gw_ratelimit zone=five dry_run;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /five {
    gw_ratelimit zone=five;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /three {
    gw_ratelimit zone=three;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
(map {
    my $uri = $_;

    (
        passes(1, $uri, as($uri, $uri)),
        (map { ["$uri: the next is asked, $_", as($uri, $uri), 200,
                'dry_run_rejected',
                'X-Results' => $uri eq '/t'
                               ? 'one=dry_run_rejected,three=passed'
                               : 'three=passed,one=dry_run_rejected'] } 1, 2),
        rejected("$uri: it rejects", as($uri, $uri), 'three',
                 'X-Results' => $uri eq '/t'
                                ? 'one=dry_run_rejected,three=rejected'
                                : 'three=rejected,one=dry_run_rejected'),
        rejected("$uri: all was taken", as($uri, '/three'), 'three'),
    )
} '/t', '/reversed'),
passes(1, 'behind one that rejects', as('e', '/behind')),
(map { rejected("behind one that rejects, $_", as('e', '/behind'), 'one') }
     1 .. 5),
passes(4, 'nothing is lost there', as('e', '/five')),
rejected('but what was taken', as('e', '/five'), 'five'),



=== TEST 3: it never holds
--- http_config eval
<<'_EOC_' . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=d:1m rate=20r/m burst=3;
_EOC_
--- config
location /t {
    gw_ratelimit zone=d delay=0 dry_run;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['at once', sub {
    my ($name) = @_;

    my @res = burst(6, key => 'a');

    is(scalar(grep { $_->{code} == 200 } @res), 6, $name);
    is(scalar(grep { $_->{header}{'x-status'} eq 'dry_run_rejected' } @res),
       2, "$name: beyond the burst");
    is(scalar(grep { $_->{took} >= 2 } @res), 0, "$name: nobody was held");
}],



=== TEST 4: in the log
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- config
location /t {
    gw_ratelimit zone=one dry_run;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /info {
    gw_ratelimit zone=one dry_run;
    gw_ratelimit_log_level info;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
passes(1, 'nothing yet', as('a')),
['nothing yet', sub {
    is(scalar(grep { /"one"/ } log_lines()), 0, $_[0]);
}],
['one level lower', as('a'), 200, 'dry_run_rejected',
 log => qr/\[warn\].*dry run.*"one"/],
['not higher', sub {
    is(scalar(grep { /\[error\].*"one"/ } log_lines()), 0, $_[0]);
}],
passes(1, 'info', as('b', '/info')),
['info', as('b', '/info'), 200, 'dry_run_rejected',
 log => qr/\[info\].*dry run.*"one"/],
