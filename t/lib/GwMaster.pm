package GwMaster;

# Processes of the tested nginx: reloads, and workers that come and go.  For
# files that call master_on() and workers().

use strict;
use warnings;

use GwTest;

use Exporter 'import';

our @EXPORT = qw(master workers_now steady reload reloaded renewed);


sub master {
    my ($pid) = read_file('logs/nginx.pid') =~ /(\d+)/;

    return $pid;
}


sub workers_now {
    my $master = master();
    my @pids;

    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $stat or next;

        my ($pid, $state, $parent) = (<$in> // '')
                                     =~ /^(\d+) \(.*\) (\S) (\d+)/ or next;

        push @pids, $pid if $parent == $master && $state ne 'Z';
    }

    return sort @pids;
}


# The same when those of an earlier reload are gone.

sub steady {
    my ($n) = @_;

    wait_for(sub { @{[workers_now()]} == ($n // 2) }, 5);

    return workers_now();
}


sub reload {
    kill HUP => master();
}


# Reloads, and waits until only new workers serve.

sub reloaded {
    my ($name, $n) = @_;

    my @old = steady($n);

    reload();
    renewed($name, @old);
}


# Waits until the workers are others than these, and as many.

sub renewed {
    my ($name, @old) = @_;

    my %old = map { $_ => 1 } @old;
    my @now;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    wait_for(sub {
        @now = workers_now();

        return @now == @old && !grep { $old{$_} } @now;
    }, 10);

    is(scalar(grep { $old{$_} } @now), 0, "$name: the old workers are gone");
    is(scalar @now, scalar @old, "$name: as many workers");
}


1;
