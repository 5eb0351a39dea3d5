# The one entry for people: "make help".  What a target does stands in the
# script of its name below scripts/.

SHELL = /bin/sh
.DEFAULT_GOAL = all
.NOTPARALLEL:

# read by the scripts; "make help" says what they mean
export NGINX_SRC TEST_NGINX PORT T JOBS FUZZ_TIME
export ASAN DESTDIR MODULE_CFLAGS TEST_PORT

# nginx would take a variable NGINX for sockets that it inherits
unexport NGINX
export NGINX_SERIES = $(NGINX)

.PHONY: all deps run test unit style fuzz asan valgrind bench install clean
.PHONY: help

## Everyday

all:            # build the modules into modules/
	@scripts/deps build
	@scripts/build

run: all        # start the demo gateway: http://127.0.0.1:8080 (PORT=)
	@scripts/deps run
	@scripts/demo run

test:           # style checks, unit tests and the suite (T=t/file.t: only that)
	@scripts/test

install: all    # install the modules into nginx's folder (DESTDIR=)
	@scripts/install

clean:          # remove the modules and what was built, not what was fetched
	@scripts/clean

## Parts and kinds of the tests

deps:           # install what build and tests need
	@scripts/deps test

style:          # what a machine can check of the style
	@scripts/tap style

unit:           # t/unit, and the corpora of t/fuzz replayed
	@scripts/deps test
	@scripts/tap unit

fuzz:           # every target of t/fuzz for FUZZ_TIME=600 seconds
	@scripts/deps fuzz
	@scripts/fuzz

asan:           # the suite with nginx and modules under ASan and UBSan
	@ASAN=1 scripts/test

valgrind:       # reloads under valgrind: nothing definitely lost
	@scripts/deps valgrind
	@scripts/build
	@scripts/tap valgrind

bench: all      # throughput and CPU time against bare proxy_pass
	@bench/run

help:           # this list
	@scripts/help
