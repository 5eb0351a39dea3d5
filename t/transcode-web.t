# gRPC-Web: binary and in base64, unary calls and server streams, trailers.

use GwTest;
use GwGrpc;

our $item = "\x10\x05";

# a message in its frame
sub frame { return pack('CN', $_[1] // 0, length $_[0]) . $_[0] }


# a request of one message; text => 1: in base64
sub web {
    my ($method, $message, %arg) = @_;

    my $text = delete $arg{text};
    my $do = delete $arg{do};
    my $type = delete $arg{type} // 'application/grpc-web'
                                    . ($text ? '-text' : '');
    my $body = delete $arg{body} // frame($message);

    $body = b64($body) if $text;

    return { uri => "/test.v1.Test/$method", method => 'POST', body => $body,
             %arg, headers => ["Content-Type: $type", 'X-Grpc-Web: 1',
                               @{ $arg{headers} // [] },
                               $do ? 'Do: ' . GwGrpc::printable($do) : ()] };
}


# Messages and trailers of an answer, as a browser takes them apart.  Base64
# may end in padding anywhere.
sub unframed {
    my ($res) = @_;

    my $body = $res->{body};

    $body = CORE::join '', map { MIME::Base64::decode_base64($_) }
                           $body =~ /([^=]+=*)/g
        if ($res->{header}{'content-type'} // '') =~ /-text/;

    my (@messages, %trailers);

    while (length $body >= 5) {
        my ($flag, $length) = unpack 'CN', $body;
        my $bytes = substr $body, 5, $length;

        return { broken => 'cut' } if length $bytes < $length;

        substr $body, 0, 5 + $length, '';

        if ($flag == 0x80) {
            return { broken => 'trailers twice' } if %trailers;

            %trailers = map { /^([^:]+): ?(.*)$/ } split /\r\n/, $bytes;
            next;
        }

        return { broken => "flag $flag" } if $flag || %trailers;

        push @messages, $bytes;
    }

    return { messages => \@messages, trailers => \%trailers,
             $body eq '' ? () : (broken => 'rest') };
}


# columns of a case: messages and trailers
sub answers {
    my ($messages, %trailers) = @_;

    return then => sub {
        my ($res, $name) = @_;

        my $parts = unframed($res);

        is($parts->{broken}, undef, "$name: frames");
        is_deeply($parts->{messages}, $messages, "$name: messages")
            or diag($res->{body});

        for my $key (sort keys %trailers) {
            my $got = $parts->{trailers}{$key};

            ref $trailers{$key} ? like($got, $trailers{$key}, "$name: $key")
                                : is($got, $trailers{$key}, "$name: $key");
        }
    };
}


our %types = ('' => 'application/grpc-web+proto',
              1 => 'application/grpc-web-text+proto');

our $CONF = <<'_EOC_';
location /test.v1.Test/ {
    gw_grpc_web on;
    grpc_pass grpc://service;
}

location /test.v1.Other/ {
    gw_grpc_web on;
    grpc_pass grpc://fake;
}
_EOC_

run_tests();

__DATA__

=== TEST 1: calls
--- http_config eval: $GwGrpc::HTTP
--- config eval: $::CONF
--- cases
(map {
    my $text = $_;
    my $form = $text ? 'text' : 'binary';
    my @type = ('Content-Type' => $types{$text}, 'Grpc-Status' => undef);

    ["$form: unary", web('Echo', $item, text => $text), 200, undef, @type,
     answers([$item], 'grpc-status' => '0')],
    ["$form: +proto", web('Echo', $item, text => $text,
                          type => 'application/grpc-web'
                                  . ($text ? '-text' : '') . '+proto'), 200, undef,
     @type, answers([$item], 'grpc-status' => '0')],
    ["$form: an empty message", web('Echo', '', text => $text), 200, undef, @type,
     answers([''], 'grpc-status' => '0')],
    ["$form: long", web('Echo', "\x1a\xa0\x8d\x06" . 'x' x 100000,
                        text => $text), 200, undef, @type,
     answers(["\x1a\xa0\x8d\x06" . 'x' x 100000], 'grpc-status' => '0')],
    ["$form: trailers", web('Echo', $item, text => $text, do => {
        trailing => [['a', 'b'], ['c-bin', 'AAE=']], initial => [['x', 'y']] }),
     200, undef, @type, x => 'y', answers([$item], a => 'b', 'c-bin' =>
     qr/^AAE=?$/, 'grpc-status' => '0')],
    ["$form: a stream", web('Watch', "\x10\3", text => $text), 200, undef, @type,
     answers(["\x10\1", "\x10\2", "\x10\3"], 'grpc-status' => '0')],
    ["$form: a stream of nothing", web('Watch', '', text => $text), 200, undef,
     answers([])],
    ["$form: a long stream", web('Watch', "\x10\x64", text => $text,
                                 do => { size => 5000 }), 200, undef, @type,
     then => sub {
         my ($res, $name) = @_;

         my $parts = unframed($res);

         is(scalar @{ $parts->{messages} }, 100, "$name: messages");
         is((grep { length != 5005 } @{ $parts->{messages} }), 0,
            "$name: whole");
         is($parts->{trailers}{'grpc-status'}, '0', "$name: status");
     }],
    ["$form: an error, in trailers", web('Echo', $item, text => $text,
        do => { code => 5, message => "m\x{e4}%", flush => 1,
                details => [['x/y', '']] }), 200, undef,
     answers([], 'grpc-status' => '5', 'grpc-message' => 'm%C3%A4%25',
             'grpc-status-details-bin' => qr/./)],
    ["$form: an error, by a header alone", web('Echo', $item, text => $text,
        do => { code => 5, message => "m" }), 200, 5,
     'Grpc-Status' => '5', 'Grpc-Message' => 'm', body => '',
     'Content-Type' => $types{$text}],
    ["$form: an error behind messages", web('Watch', "\x10\5", text => $text,
        do => { code => 8, message => 'm', after => 2 }), 200, undef, @type,
     answers(["\x10\1", "\x10\2"], 'grpc-status' => '8',
             'grpc-message' => 'm')],
    ["$form: no such method", web('Nothing', $item, text => $text), 200, 12,
     'Grpc-Status' => qr/^12$|^$/],
    ["$form: messages as they arrive", sub {
        my ($name) = @_;

        my $res = arrivals(web('Watch', "\x10\3", text => $text,
                               do => { gap => 0.3 }));
        my @pieces = grep { $_->[1] !~ /^HTTP/ } @{ $res->{pieces} };
        my $first = $text ? b64(frame("\x10\2")) : "\x10\2";

        cmp_ok($res->{pieces}[0][0], '<', 0.25, "$name: the first");
        cmp_ok(pieces($res, $first), '>', 0.25, "$name: the second");
        cmp_ok($res->{pieces}[-1][0], '>', 0.55, "$name: the end");
    }],
    ["$form: a client that leaves", sub {
        my ($name) = @_;

        my $tag = unique();
        my $started = start(%{ web('Watch', "\x10\x64", text => $text,
                                   do => { tag => $tag, gap => 0.1 }) });

        wait_for(sub { events('sent', $tag) });
        close $started->{conn}{socket};
        occurred($name, 'cancelled', $tag, 1);
    }],
} '', 1),
['a request in several frames', web('Collect', '', body =>
    frame("\x10\1") . frame("\x10\2")), 200, undef,
 then => sub {
     my ($res, $name) = @_;

     like(unframed($res)->{messages}[0], qr/"1".*"2"/s, $name);
 }],
['metadata', web('Get', '', headers => ['X-Any: x', 'A-Bin: AAE=',
                                        'Cookie: a=b', 'Origin: http://o',
                                        'Accept: application/grpc-web']), 200,
 undef, then => sub {
     my ($res, $name) = @_;

     my $told = unframed($res)->{messages}[0];

     like($told, qr/"x-any", "x"/, "$name: any");
     like($told, qr/"a-bin", "AAE="/, "$name: binary");
     like($told, qr/"x-grpc-web", "1"/, "$name: the client's");
     unlike($told, qr/"(?:host|connection|accept|content-length)"/,
            "$name: none of HTTP");
 }],
['a timeout', web('Get', '', headers => ['Grpc-Timeout: 500m']), 200, undef,
 then => sub {
     my ($res, $name) = @_;

     # field 5 of Told, a double
     my ($left) = unframed($res)->{messages}[0] =~ /\x29(.{8})$/s;

     cmp_ok(unpack('d<', $left // "\0" x 8), '>', 0.1, $name);
     cmp_ok(unpack('d<', $left // "\0" x 8), '<=', 0.55, $name);
 }],
['HTTP/1.0', web('Echo', $item, version => '1.0'), 200, undef,
 answers([$item], 'grpc-status' => '0')],
['a connection goes on', sub {
    my ($name) = @_;

    for my $n (1 .. 4) {
        my $res = http(%{ web($n % 2 ? 'Echo' : 'Watch', "\x10\2",
                              text => $n > 2, conn => 'c') });

        like($res->{raw}, qr{^HTTP/1.1 200}, "$name: $n: head");
        is(unframed($res)->{trailers}{'grpc-status'}, '0', "$name: $n: status");
    }
}],



=== TEST 2: base64 of requests
--- http_config eval: $GwGrpc::HTTP
--- config eval: $::CONF
--- cases
(map {
    my ($what, $body) = @$_;

    [$what, web('Echo', '', type => 'application/grpc-web-text',
                body => $body), 200, undef,
     answers([$item], 'grpc-status' => '0')]
} (
    ['in two pieces, each padded', b64("\0") . b64("\0\0\0\2\x10\5")],
    ['a byte a piece', CORE::join '', map { b64($_) } split //,
                                      frame($item)],
)),
['in pieces of any length', sub {
    my ($name) = @_;

    my $text = b64(frame("\x1a\xc8\x01" . 'x' x 200));
    my $started = start(raw => CORE::join("\r\n",
        'POST /test.v1.Test/Echo HTTP/1.1', 'Host: x', 'Connection: close',
        'Content-Type: application/grpc-web-text',
        'Content-Length: ' . length $text, '', ''));

    for (unpack '(a7)*', $text) {
        GwTest::send_all($started->{conn}{socket}, $_);
        sleep 0.002;
    }

    is(unframed(finish($started))->{messages}[0], "\x1a\xc8\x01" . 'x' x 200,
       $name);
}],
(map {
    my ($what, $body) = @$_;

    [$what, web('Echo', '', type => 'application/grpc-web-text',
                body => $body), qr/^(?:200|400)$/, 3, error => '400 body',
     then => sub {
         my ($res, $name) = @_;

         ok($res->{code} == 400
            || ($res->{header}{'grpc-status'} // '') eq '3',
            "$name: refused");
     }]
} (
    ['no base64', '****'],
    ['cut', 'AAAAAAIQB'],
    ['without padding', b64(frame("$item\x1a\1x")) =~ s/=+$//r],
    ['padding within', 'A=AAAAIQBQ=='],
)),



=== TEST 3: faults
--- http_config eval: $GwGrpc::HTTP
--- config eval
$::CONF . <<'_EOC_'
location /refused {
    rewrite ^ /test.v1.Test/Echo break;
    gw_grpc_web on;
    grpc_pass grpc://127.0.0.1:1;
}

location /denied {
    deny all;
    gw_grpc_web on;
    grpc_pass grpc://service;
}

location /json {
    rewrite ^/json(.*) $1 break;
    gw_grpc_web on;
    gw_transcode test.v1.Test;
    grpc_pass grpc://service;
}

location /off {
    rewrite ^/off(.*) $1 break;
    gw_transcode test.v1.Test;
    grpc_pass grpc://service;
}

location /timed {
    rewrite ^/timed(.*) $1 break;
    gw_grpc_web on;
    grpc_read_timeout 300ms;
    grpc_pass grpc://service;
}
_EOC_
--- cases
(map {
    my ($what, @steps) = @$_;
    my $script = json([['headers', [[':status', '200'],
                                    ['content-type', 'application/grpc']]],
                       ['message', { id => 5 }], ['sleep', 0.1], @steps]);
    my $message = "\xea\1" . (chr(length($script) & 127 | 128))
                  . chr(length($script) >> 7) . $script;

    map {
        my $text = $_;

        ["$what" . ($text ? ', text' : ''),
         { %{ web('', $message, text => $text) },
           uri => '/test.v1.Other/FakeStream' }, 200, undef,
         answers([$item], 'grpc-status' => qr/^1[34]$/,
                 'grpc-message' => qr/./)]
    } '', 1
} (
    ['closed', ['close']],
    ['reset', ['rst', 2]],
)),
(map {
    my ($what, $flags, @trailers) = @$_;
    my $script = json([['headers', [[':status', '200'],
                                    ['content-type', 'application/grpc']]],
                       ['message', { id => 5 }],
                       ['headers', \@trailers, $flags]]);
    my $message = "\xea\1" . (chr(length($script) & 127 | 128))
                  . chr(length($script) >> 7) . $script;

    ["trailers $what", { %{ web('', $message) },
                         uri => '/test.v1.Other/FakeStream' }, 200, undef,
     answers([$item], 'grpc-status' => qr/^1[34]$/,
             'grpc-message' => qr/./, x => qr/^y?$/)]
} (
    ['without a status', 5, ['x', 'y']],
    ['with a message alone', 5, ['x', 'y'], ['grpc-message', 'fine']],
)),
['no connection', { %{ web('', $item) }, uri => '/refused' }, qr/./, 14,
 then => sub {
     my ($res, $name) = @_;

     ok($res->{code} == 502 || $res->{header}{'grpc-status'} eq '14', $name);
 }],
['denied', { %{ web('', $item) }, uri => '/denied' }, qr/^(?:403|200)$/,
 undef],
['too slow', { %{ web('Echo', $item, do => { hold => 'no' }) },
               uri => '/timed/test.v1.Test/Echo' }, qr/^(?:200|504)$/, 4],
['too slow in a stream', { %{ web('Watch', "\x10\3",
                                  do => { hold => 'no', hold_after => 1 }) },
                           uri => '/timed/test.v1.Test/Watch' }, 200, undef,
 answers(["\x10\1"], 'grpc-status' => qr/^(?:4|13|14)$/)],
['beside JSON: gRPC-Web', { %{ web('Echo', $item) },
                            uri => '/json/test.v1.Test/Echo' }, 200, undef,
 answers([$item], 'grpc-status' => '0')],
['beside JSON: JSON', call('/json/v1/echo', json => { id => 5 }), 200, 0,
 body => '{"id":"5"}'],
refusal('off: refused', { %{ web('Echo', $item) }, uri => '/off/v1/echo' },
        415, 'type', qr/JSON/),
['another -text', web('Echo', $item, type => 'application/grpc-web-xml'), 200,
 3, 'Grpc-Status' => '3', body => ''],
