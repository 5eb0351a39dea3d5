# Functions and paths the other scripts share; sourced, never run.

set -eu

# the variables of our make are none of the makes that the scripts start
unset MAKEFLAGS MFLAGS MAKELEVEL

# nginx takes a variable NGINX for sockets that it inherits
NGINX_SERIES=${NGINX_SERIES:-${NGINX:-}}
export NGINX_SERIES
unset NGINX

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build
deps=$build/deps

# the newest release series that the suite is run on, and the one before
NGINX_NEWEST=1.30

say() { echo "ngx_gw: $*" >&2; }
die() { say "$*"; exit 1; }

# quiet LOG COMMAND ...: the output goes to LOG, its end is shown on failure
quiet() {
    log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 40 "$log" >&2
        die "failed: $* (all of its output: $log)"
    fi
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "root or sudo is needed for: $*"
    fi
}

# lock NAME: held until the script ends; two runs may share a checkout
lock() {
    mkdir -p "$build"
    exec 8>"$build/$1.lock"
    if ! flock -n 8; then
        say "waiting for another run in this checkout ($build/$1.lock)"
        flock 8
    fi
}

# The error output of scripts/tap itself; see there why, and why that of the
# harness stays open, as 6.
own_stderr() {
    [ -n "${TAP_STDERR:-}" ] || return 0
    eval "exec 6>&2 2>&$TAP_STDERR $TAP_STDERR>&-"
    unset TAP_STDERR
}

# The sources that the first comment of a unit test or fuzz target names
sources_of() {
    sed '/\*\//q' "$1" | tr '\n' ' ' \
        | sed -n 's,^/\* [a-z]*: *\(.*[^ ]\) *\*/ *$,\1,p'
}

jobs() { echo "${JOBS:-$(nproc)}"; }

# The tree and the mode of nginx a command is about.  NGINX_SRC=DIR means that
# tree, NGINX=1.30 that series, neither the distribution's own nginx; ASAN=1
# a build with the sanitizers, which needs nginx's sources in any case.  Where
# the mirror has no sources of a series, fetch-nginx gets its binary packages.
#
# Sets: variant (a name), tree (build folder), nginx (binary), modules (folder),
# and kit (the sources, or what nginx-dev has of them)
choose_nginx() {
    distribution=$(nginx -v 2>&1 | sed -n 's|.*nginx/\([0-9]*\.[0-9]*\).*|\1|p')

    series=$NGINX_SERIES
    asan=${ASAN:+-asan}

    if [ -n "${NGINX_SRC:-}" ]; then
        [ -f "$NGINX_SRC/src/core/nginx.h" ] \
            || die "NGINX_SRC=$NGINX_SRC is not a source tree of nginx"
        sum=$(cd "$NGINX_SRC" && pwd | cksum | cut -d' ' -f1)
        variant=src-$sum$asan
        kit=$NGINX_SRC

    elif [ -z "$asan" ] && [ "${series:-$distribution}" = "$distribution" ]
    then
        [ -n "$distribution" ] || die "no nginx here: run \"make deps\""
        variant=$distribution-dev
        tree=$build/nginx-$variant
        nginx=$(command -v nginx)
        modules=$root/modules
        kit=/usr/share/nginx/src
        return

    else
        series=${series:-$NGINX_NEWEST}
        variant=$series$asan
        kit=$build/src/nginx-$series

        if [ -z "$asan" ] && [ ! -f "$kit/configure" ] \
           && [ -x "$kit-bin/nginx" ]
        then
            variant=$series-bin
            tree=$build/nginx-$variant
            nginx=$kit-bin/nginx
            modules=$tree/modules
            kit=$kit-bin/root/usr/share/nginx/src
            return
        fi
    fi

    tree=$build/nginx-$variant
    nginx=$tree/objs/nginx
    modules=$tree/modules
}

# of the nginx chosen, in the words of nginx -V
nginx_and_openssl() {
    ASAN_OPTIONS=detect_leaks=0 "$nginx" -V 2>&1 \
        | sed -n -e 's/^nginx version: //p' \
        -e 's/.*running with \(OpenSSL [^ ]*\).*/\1/p;t' \
        -e 's/^built with \(OpenSSL [^ ]*\).*/\1/p' | paste -s -d ' '
}
