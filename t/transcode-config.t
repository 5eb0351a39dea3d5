# Every directive with bad values, in places where it may not stand, twice; what
# is wrong with descriptors; and what must start.
#
# nginx -t is asked of each, not a server started.

use GwTest;
use GwGrpc;

our $pb = 'gw_transcode_descriptor $TEST_NGINX_DATA/proto/test.pb;';

# values in place of a "%s", which the message names in place of its own
sub bad {
    my ($format, $says, @values) = @_;

    return map {
        [sprintf($format, $_), sprintf($format, $_),
         $says =~ s/%s/quotemeta(s{^(['"])(.*)\1$}{$2}sr)/er]
    } @values;
}


sub row { return [$_[0], @_] }


# Sets of descriptors made of .proto texts; what protoc does not admit is made
# of others by a sub.
sub compiled {
    my ($name, $text, %arg) = @_;

    my $dir = "$GwGrpc::DIR/proto";
    my $out = "$GwGrpc::DIR/$name.pb";

    mkdir $dir;
    write_file("$dir/$name.proto", "syntax = \"proto3\";\npackage p;\n"
               . "import \"google/api/annotations.proto\";\n$text\n");

    my @include = ("-I$dir", "-I$GwToken::DATA/proto",
                   '-I/usr/share/gocode/src/github.com/gogo/googleapis');

    system('protoc', @include, $arg{alone} ? () : '--include_imports',
           "--descriptor_set_out=$out", "$name.proto") == 0
        or die "protoc: $name";

    if ($arg{edit}) {
        my $bytes = read_file($out);

        $arg{edit}->() for $bytes;
        write_file($out, $bytes);
    }

    return "gw_transcode_descriptor $out; gw_transcode "
           . ($arg{services} // 'all') . ';';
}


# rows: annotations of a method from In to Out, and what is wrong with them
sub annotated {
    my @rows = @_;
    my $n = 0;

    return map {
        my ($rule, $says) = @$_;
        my $name = 'rule' . ++$n;

        [$rule, compiled($name, <<"_EOC_"), $says];
message In { string a = 1; repeated string b = 2; In c = 3; int32 d = 4;
             map<string, int32> m = 5; }
message Out { string x = 1; }
service S {
  rpc M(In) returns (Out) { option (google.api.http) = { $rule }; }
}
_EOC_
    } @rows;
}

run_tests();

__DATA__

=== TEST 1: directives
--- config
--- cases
['gw_transcode_descriptor', sub {
    conf_says(
        row('gw_transcode_descriptor;', 'invalid number of arguments'),
        row('gw_transcode_descriptor none.pb; gw_transcode all;',
            'open\(\) ".*/none\.pb" failed.* in '),
        row('gw_transcode_descriptor /tmp; gw_transcode all;',
            'descriptors "/tmp" are no file'),
        row('gw_transcode_descriptor $TEST_NGINX_DATA/rsa.jwk; '
            . 'gw_transcode all;', 'invalid descriptors ".*rsa\.jwk": '),
        row('gw_transcode all;', 'no "gw_transcode_descriptor"'),
        ['in if', "$pb if (\$arg_x) { $pb }", 'not allowed here'],
        ['not used', { http => 'gw_transcode_descriptor none.pb;',
                       server => 'location / { return 200; }' }, undef],
    );
}],
['gw_transcode', sub {
    conf_says(
        row('gw_transcode;', 'invalid number of arguments'),
        row("$pb gw_transcode test.v1.Test; gw_transcode off;",
            'is duplicate'),
        bad("$pb gw_transcode %s;", 'no service "%s"', 'test.v1.None',
            'test.v1', 'Test', '.test.v1.Test', 'test.v1.Item', '$x',
            'test.v1.Test.Get'),
        bad("$pb gw_transcode test.v1.Test %s;", 'invalid parameter "%s"',
            'all', 'off', '""'),
        row("$pb gw_transcode test.v1.Test test.v1.Test;",
            'duplicate service "test.v1.Test"'),
        ['in a location without grpc_pass', { server =>
            "location /x { $pb gw_transcode test.v1.Test; return 200; }" },
         '"gw_transcode" in a location without "grpc_pass"'],
        ['inherited by one without', { server =>
            "$pb gw_transcode test.v1.Test;\n"
            . 'location /x { return 200; } '
            . 'location /y { grpc_pass grpc://127.0.0.1:1; }' }, undef],
        ['inherited and off', { http => 'gw_transcode nothing.at.All;',
                                location => 'gw_transcode off;' }, undef],
        ['a service that only an inner level names',
         { http => $pb, server => 'gw_transcode test.v1.None; '
                                  . 'location /y { grpc_pass grpc://127.0.0.1:1; }' },
         'no service "test.v1.None"'],
        ['an outer location with inner ones', { server =>
            "location /x { $pb gw_transcode test.v1.Test;\n"
            . 'location /x/y { grpc_pass grpc://127.0.0.1:1; } }' }, undef],
        ['grpc_pass with a variable', { server => "location /x { $pb "
            . 'gw_transcode test.v1.Test; set $u 127.0.0.1:1; '
            . 'grpc_pass $u; }' }, undef],
        ['in if', { location => "$pb gw_transcode test.v1.Test; "
                    . 'if ($arg_x) { grpc_pass grpc://127.0.0.1:2; }' },
         undef],
    );
}],
['the others', sub {
    my @all = ($pb, 'gw_transcode test.v1.Test;');

    conf_says(
        bad('gw_transcode_auto %s;', 'invalid value "%s"', 'yes', '1', 'auto'),
        row('gw_transcode_auto on; gw_transcode_auto on;', 'is duplicate'),
        bad('gw_transcode_print %s;', 'invalid parameter "%s"', 'on', '""',
            'Indent', 'enum-numbers', 'pretty'),
        row('gw_transcode_print indent off;', 'invalid parameter "off"'),
        row('gw_transcode_print indent indent;', 'duplicate parameter '
            . '"indent"'),
        row('gw_transcode_print indent; gw_transcode_print off;',
            'is duplicate'),
        row('gw_transcode_print;', 'invalid number of arguments'),
        bad('gw_transcode_unknown_fields %s;', 'invalid value "%s"', 'on',
            'rejected', '""'),
        row('gw_transcode_unknown_fields reject ignore;',
            'invalid number of arguments'),
        row('gw_transcode_unknown_query;', 'invalid number of arguments'),
        bad('gw_transcode_unknown_query a %s;', 'invalid parameter "%s"',
            'reject', 'ignore', '""'),
        row('gw_transcode_unknown_query a; gw_transcode_unknown_query b;',
            'is duplicate'),
        bad('gw_transcode_stream %s;', 'invalid value "%s"', 'json', 'on',
            '""', 'lines'),
        row('gw_transcode_stream array; gw_transcode_stream sse;',
            'is duplicate'),
        (map { (bad("$_ %s;", 'invalid value|value must be', 'x', '-1', '1x',
                    '""', '0', '2g'),
                row("$_ 1m; $_ 2m;", 'is duplicate')) }
             'gw_transcode_max_request', 'gw_transcode_max_message'),
        bad('gw_transcode_timeout %s;', 'invalid value', 'x', '-1', '1x',
            '""'),
        row('gw_transcode_timeout 1s; gw_transcode_timeout 1s;',
            'is duplicate'),
        bad('gw_transcode_metadata %s;', 'invalid parameter "%s"', 'on',
            'prefix=', 'request=', 'request=,', 'request=a,', 'request=,a',
            'response=', 'requests=a', '""', 'response=a,,b'),
        row('gw_transcode_metadata off request=a;',
            'invalid parameter "off"'),
        row('gw_transcode_metadata off; gw_transcode_metadata off;',
            'is duplicate'),
        bad('gw_grpc_web %s;', 'invalid value "%s"', 'yes', '""'),
        row('gw_grpc_web on; gw_grpc_web off;', 'is duplicate'),
        (map { ["$_ in if", "if (\$arg_x) { $_ }", 'not allowed here'] }
             'gw_transcode_auto on;', 'gw_grpc_web on;',
             'gw_transcode_timeout 1s;', 'gw_transcode_metadata off;'),
        ['all of it at every level', { http => "@all gw_transcode_auto on; "
            . 'gw_transcode_print unpopulated proto_names enum_numbers indent; '
            . 'gw_transcode_unknown_fields ignore; gw_grpc_web on; '
            . 'gw_transcode_unknown_query ignore; gw_transcode_stream sse; '
            . 'gw_transcode_max_request 1024m; gw_transcode_max_message 1; '
            . 'gw_transcode_timeout 1d; gw_transcode_metadata prefix=x- '
            . 'request=a,B request=* response=c;',
            server => 'gw_transcode_print off; gw_transcode_metadata off; '
                      . 'gw_transcode_unknown_query a b; '
                      . 'gw_transcode_timeout 0;',
            location => 'gw_transcode_stream auto; gw_grpc_web off;' },
         undef],
    );
}],



=== TEST 2: annotations
--- config
--- cases
['what is wrong', sub {
    conf_says(annotated(
        ['get: "/v1/{none}"', 'method "/p\.S/M": no field for the variable '
                              . '"none"'],
        ['get: "/v1/{c.none}"', 'no field for the variable "c\.none"'],
        ['get: "/v1/{a.x}"', 'for the variable "a\.x"'],
        ['get: "/v1/{b}"', 'a repeated field for the variable "b"'],
        ['get: "/v1/{m}"', 'a repeated field for the variable "m"'],
        ['get: "/v1/{c}"', 'a message for the variable "c"'],
        ['get: "/v1/{a}/{a}"', '\ba\b'],
        ['get: "v1"', 'v1'],
        ['get: ""', 'method "/p\.S/M"|M'],
        ['get: "/v1/{a"', 'v1'],
        ['get: "/v1/a}"', 'v1'],
        ['get: "/v1/{a=}"', 'v1'],
        ['get: "/v1/{}"', 'v1'],
        ['get: "/v1//a"', 'v1'],
        ['get: "/v1/{a=**}/**"', 'v1'],
        ['get: "/v1/{a={d}}"', 'v1'],
        ['get: "/v1/a*b"', 'v1'],
        ['get: "/v1/a:"', 'v1'],
        ['get: "/v1/%x"', 'v1'],
        ['post: "/v1" body: "none"',
         'input has no field "none", which is to be the body'],
        ['post: "/v1" body: "c.a"', 'input has no field "c\.a", which is to be the body'],
        ['get: "/v1" response_body: "none"',
         'output has no field "none", which is to be the response_body'],
        ['get: "/v1/{a}" additional_bindings { get: "/v1/{d}" }',
         'conflicts with'],
        ['get: "/v1/a" additional_bindings { get: "/v1/a" }',
         'conflicts with'],
        ['get: "/v1/{a=x/*}" additional_bindings { get: "/v1/x/{a}" }',
         'conflicts with'],
        ['get: "/v1/a" additional_bindings { get: "/v1/%61" }',
         'conflicts with'],
        ['get: "/v1/{a=**}" additional_bindings { get: "/v1/**" }',
         'conflicts with'],
        ['custom { kind: "" path: "/v1" }', 'method "/p\.S/M"|M'],
        ['get: "/v1/a" additional_bindings { get: "/v1/b" '
         . 'additional_bindings { get: "/v1/c" } }', 'additional_bindings'],
    ));
}],
['what is not', sub {
    conf_says(map { [$_->[0], $_->[1]] } annotated(
        ['get: "/v1/{a}" additional_bindings { post: "/v1/{a}" }'],
        ['get: "/v1/{a}" additional_bindings { get: "/v1/x" } '
         . 'additional_bindings { get: "/v1/**" } '
         . 'additional_bindings { get: "/v1/{a}:x" }'],
        ['get: "/v1/{a}" additional_bindings '
         . '{ custom { kind: "*" path: "/v1/{d}" } }'],
        ['get: "/"'],
        ['get: "/v1/**/a"'],
        ['get: "/v1/{c.c.c.a}/{d}"'],
    ));
}],
['conflicts of services', sub {
    my $two = 'message M {} %s service A { rpc Do(M) returns (M) '
              . '{ option (google.api.http) = { get: "/v1/a" }; } } '
              . 'service B { rpc Do(M) returns (M) '
              . '{ option (google.api.http) = { get: "/v1/%s" }; } }';

    conf_says(
        ['of all', compiled('two', sprintf $two, '', 'a'),
         'method "/p\.B/Do": .*conflicts with'],
        ['of one', compiled('one', sprintf($two, '', 'a'),
                            services => 'p.B'), undef],
        ['of none', compiled('neither', sprintf $two, '', 'b'), undef],
    );
}],



=== TEST 3: descriptors
--- config
--- cases
['what is wrong', sub {
    my $text = 'import "kitchen.proto"; message M { kitchen.v1.Mixed m = 1; } '
               . 'service S { rpc Do(M) returns (M) '
               . '{ option (google.api.http) = { get: "/v1/a" }; } }';

    conf_says(
        ['imports', compiled('alone', $text, alone => 1),
         'invalid descriptors ".*alone\.pb": .*include_imports'],
        ['cut', compiled('cut', $text, edit => sub { chop }),
         'invalid descriptors ".*cut\.pb": '],
        ['cut by half', compiled('half', $text, edit => sub {
            $_ = substr $_, 0, length() / 2 }),
         'invalid descriptors ".*half\.pb": '],
        ['nothing', compiled('empty', $text, edit => sub { $_ = '' },
                             services => 'p.S'),
         'no service "p\.S"|invalid descriptors'],
        ['rubbish', compiled('rubbish', $text, edit => sub {
            $_ = "\xff" x 100 }), 'invalid descriptors ".*rubbish\.pb": '],
        ['a type that there is not', compiled('type', $text, edit => sub {
            s/\.kitchen\.v1\.Mixed/.kitchen.v1.Mixes/ }),
         'kitchen\.v1\.Mixes'],
        ['the second of two', 'gw_transcode_descriptor '
            . "\$TEST_NGINX_DATA/proto/test.pb $GwGrpc::DIR/cut.pb; "
            . 'gw_transcode all;', 'invalid descriptors ".*cut\.pb": '],
        ['a file that two have, with other contents',
         'gw_transcode_descriptor $TEST_NGINX_DATA/proto/kitchen.pb;'
         . compiled('other', $text, edit => sub {
               s/ULTRAVIOLET/ULTRAVIOLES/ }),
         'invalid descriptors ".*other\.pb": .*kitchen\.proto'],
    );
}],
['what is not', sub {
    conf_says(
        ['the same twice', 'gw_transcode_descriptor '
            . '$TEST_NGINX_DATA/proto/test.pb $TEST_NGINX_DATA/proto/test.pb;'
            . 'gw_transcode test.v1.Test;', undef],
        ['two that share files', 'gw_transcode_descriptor '
            . '$TEST_NGINX_DATA/proto/test.pb $TEST_NGINX_DATA/proto/kitchen.pb;'
            . 'gw_transcode test.v1.Test;', undef],
        ['lines add up', 'gw_transcode_descriptor '
            . '$TEST_NGINX_DATA/proto/legacy.pb; gw_transcode_descriptor '
            . '$TEST_NGINX_DATA/proto/test.pb; gw_transcode test.v1.Test;',
         undef],
        ['no service', 'gw_transcode_descriptor '
            . '$TEST_NGINX_DATA/proto/legacy.pb; gw_transcode all;', undef],
        ['editions', 'gw_transcode_descriptor '
            . '$TEST_NGINX_DATA/proto/editions.pb; gw_transcode all;', undef],
    );
}],
