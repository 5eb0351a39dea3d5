# The tables that descriptors are loaded into say what Python's protobuf says
# of them: every field, its type, tag, presence, defaults, and all the rest.

use strict;
use warnings;

use FindBin;
use File::Temp;
use Test::More;


my $root = "$FindBin::Bin/..";
my $data = "$FindBin::Bin/data/proto";
my $temp = File::Temp->newdir();

my @include = ('/usr/include',
               '/usr/share/gocode/src/github.com/gogo/googleapis');


# the lines that a program prints, sorted

sub lines {
    my (@command) = @_;

    open my $pipe, '-|', @command or die "$command[0]: $!\n";
    my @lines = sort <$pipe>;

    close $pipe or diag("$command[0] has failed: ", @lines);

    return @lines;
}


# the first call compiles the program

my $dump;

sub tables {
    my @lines = lines($dump ? $dump
                            : ("$root/scripts/unit", 't/unit/pb_dump.c'), @_);

    $dump = "$root/build/unit/pb_dump";

    return @lines;
}


sub same {
    my ($name, $have, $want) = @_;

    my %have = map { $_ => 1 } @$have;
    my %want = map { $_ => 1 } @$want;

    my @extra = grep { !$want{$_} } @$have;
    my @missing = grep { !$have{$_} } @$want;

    ok(@$want > 0 && @$have == @$want && !@extra && !@missing, $name)
        or diag('lacks: ', splice(@missing, 0, 10),
                'has: ', splice(@extra, 0, 10));
}


sub python {
    return lines("$FindBin::Bin/lib/pb-tables", @_);
}


for my $name (qw(kitchen legacy)) {
    same($name, [tables("$data/$name.pb")], [python("$data/$name.pb")]);
}

same('two sets that overlap',
     [tables("$data/kitchen.pb", "$data/legacy.pb")],
     [python("$data/kitchen.pb", "$data/legacy.pb")]);


# editions are beyond Debian's Python: what was once found to be right

open my $file, '<', "$data/editions.tables" or die "editions.tables: $!\n";
same('editions', [tables("$data/editions.pb")], [<$file>]);
close $file;


# all that are installed, each by itself and together; these sets have
# source_code_info, which that of ours has not

my @all = ("$data/kitchen.pb");

for my $include (@include) {
    my $n = 0;

    for (sort map { glob "$include/google/$_/*.proto" } 'protobuf', 'api',
              'api/expr/v1alpha1', 'geo/type', 'rpc', 'type')
    {
        my $set = "$temp/" . @all . '.pb';

        system('protoc', (map { "-I$_" } @include), '--include_imports',
               '--include_source_info', "--descriptor_set_out=$set", $_) == 0
            or die "protoc has failed\n";

        push @all, $set;
        $n++;
    }

    die "no .proto in $include\n" if !$n;
}

same(scalar(@all) . ' files of Google', [tables(@all)], [python(@all)]);

done_testing();
