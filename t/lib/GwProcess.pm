package GwProcess;

# Processes that a test file starts: they are killed when it ends, however it
# ends.

use strict;
use warnings;

use GwTest;

use POSIX ();
use Time::HiRes qw(time sleep);

use Exporter 'import';

our @EXPORT_OK = qw(run ended started guard let_go port);

my ($guard, $guard_pid, %running, %ports);
my $owner = $$;


# A process that kills what this file has started when this file is no more.

sub guard {
    return if $guard;

    pipe my $in, $guard or die "pipe: $!";
    $guard->autoflush;

    $guard_pid = fork // die "fork: $!";
    return if $guard_pid;

    close $guard;
    POSIX::setpgid(0, 0);
    $SIG{$_} = 'IGNORE' for qw(INT TERM HUP PIPE);
    POSIX::dup2(POSIX::open('/dev/null', POSIX::O_RDWR()), $_) for 0 .. 2;

    my %pids;

    while (my $line = <$in>) {
        $line =~ /^\+(\d+)/ ? $pids{$1} = 1
                            : delete $pids{substr $line, 1, -1};
    }

    kill KILL => $_, -$_ for keys %pids;
    POSIX::_exit(0);
}


sub started {
    my ($pid) = @_;

    $running{$pid} = 1;
    print $guard "+$pid\n";
}


# A process that was forked and runs on does not keep the guard from its work.

sub let_go { close $guard }


# Waits for its end, kills it if that does not come.

sub ended {
    my ($pid, $seconds) = @_;

    my $deadline = time + ($seconds // 5);
    my $killed = 0;

    until (waitpid($pid, POSIX::WNOHANG()) != 0) {
        if (time > $deadline && !$killed++) {
            kill KILL => $pid, -$pid;
        }

        sleep 0.005;
    }

    delete $running{$pid};
    print $guard "-$pid\n";

    return !$killed;
}


END {
    my $status = $?;

    if ($$ == $owner && $guard) {
        close $guard;
        waitpid $_, 0 for $guard_pid, keys %running;
    }

    $? = $status;
}


$SIG{$_} //= sub { exit 1 } for qw(INT TERM HUP);


sub run {
    my ($log, @argv) = @_;

    guard();

    my $pid = fork // die "fork: $!";

    if ($pid) {
        started($pid);
        return $pid;
    }

    POSIX::setpgid(0, 0);
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
    open STDIN, '<', '/dev/null';
    open STDOUT, '>>', $log;
    open STDERR, '>&', \*STDOUT;
    { no warnings; exec { $argv[0] } @argv }
    POSIX::_exit(127);
}


# A port that nobody else uses.

sub port {
    my $first = $Test::Nginx::Util::ServerPort;

    for my $n (2 .. 19) {
        my $port = $ENV{"TEST_NGINX_PORT_$n"} // $first + $n;

        return $port if !$ports{$port}++;
    }

    die 'no more ports';
}


1;
