
/*
 * Sends requests over keep-alive connections, one at a time on each, and says
 * how long that took and how much CPU time a server's process used for it.
 * It is also the service that a gateway passes the requests on to.
 *
 * Sides are measured in turns: in each round every side once, in an order
 * that alternates, with the same number of requests and the same tokens.
 *
 * load -l PORT [-c CONNECTIONS] [-n REQUESTS] [-r ROUNDS] [-f FIRST]
 *      [-t TOKENS] [-1] [-s SECONDS] [-d FOLDER] [-p PATH]
 *      FILE NAME:PORT:PID:PATH ...
 * load -k ... [-1 | -b] NAME:PORT:PID:PATH:KEYS[:FILE:TYPE] ...
 *
 * FILE has a token a line.  Used are TOKENS of them (all), from FIRST (0) on,
 * in rotation; with -1 none is used twice by a side: each round goes on where
 * the one before ended.
 *
 * With -k short keys, made here, are sent as User-Agent in place of tokens:
 * of a side's KEYS one at random, the same ones for sides with as many; with
 * -1 one after the other, with -b backwards.  With FILE the requests are POST
 * with that body, of that type, and have the same key.
 *
 * For each round and side a line is printed:
 *
 *     NAME ROUND REQUESTS FAILURES LIMITED WALL_NS CPU_NS WAIT_NS OWN_WAIT_NS
 *
 * The last two are how long the server's process, and this one, could have
 * run but waited for others that did.
 *
 * It never sleeps while it waits: to wake a sleeping peer costs the server
 * several microseconds, and a server that is slow, whose peers sleep more
 * often, would seem to cost that more.
 *
 * With -d a request to the service whose path ends in the name of a file of
 * FOLDER is answered with that file; "?wait=MS" says after how long.
 *
 * With -g the service answers requests of gRPC as well, with the files of that
 * FOLDER: see load_grpc.h; with -w MS each after that long.
 *
 * With -p requests of PATH are made meanwhile on a connection of their own, one
 * after the other, and at the end of the line stands how long the slowest of
 * them took, in nanoseconds: about the longest step of the server.
 *
 * An answer with 429 counts as limited, any but that and 200 as a failure.
 * After SECONDS (120) it gives up.
 */


#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "load_serve.h"


#define MAX_SIDES   16


typedef struct {
    char        *name;
    int          port;
    int          pid;
    char         head[1024];    /* of a request, up to the token */
    size_t       head_len;
    long         keys;
    char        *request;       /* with its body; NULL: there is none */
    size_t       request_len;
    conn_t      *conns;
    conn_t      *probe;
} side_t;


static void parse_side(side_t *side, char *text);
static void make_request(side_t *side, const char *path, const char *file,
    const char *type);
static void load_tokens(const char *path);
static void probe(conn_t *c);
static void probe_done(void);
static void connect_side(side_t *side);
static void open_conn(side_t *side, conn_t *c);
static void run(side_t *side, long round, long first);
static void send_request(side_t *side, conn_t *c, long i);
static size_t make_key(side_t *side, conn_t *c, long i);
static int receive(conn_t *c);
static void receive_head(conn_t *c, char *body);
static int receive_body(conn_t *c, const char *p, size_t n);
static void cpu_time(int pid, int64_t *used, int64_t *waited);


static long          nconns = 64, nrequests = 1000, nrounds = 1;
static long          first_token, ntokens, timeout = 120;
static int           once, with_keys, backwards;
static struct iovec *tokens;    /* of the file */
static long          lines;
static int64_t       deadline;
int                  ep;

static char         *probe_path;
static conn_t       *probing;       /* the side's at hand; NULL: none */
static int           probe_busy;
static int64_t       probe_sent, probe_longest;


int
main(int argc, char **argv)
{
    int      opt, n, i, port;
    long     round, first;
    side_t   sides[MAX_SIDES];

    port = 0;

    while ((opt = getopt(argc, argv, "l:c:n:r:f:t:s:d:g:w:p:1kb")) != -1) {
        switch (opt) {
        case 'l': port = atoi(optarg);        break;
        case 'c': nconns = atol(optarg);      break;
        case 'n': nrequests = atol(optarg);   break;
        case 'r': nrounds = atol(optarg);     break;
        case 'f': first_token = atol(optarg); break;
        case 't': ntokens = atol(optarg);     break;
        case 's': timeout = atol(optarg);     break;
        case 'd': load_files(optarg);         break;
        case 'g': grpc_load_files(optarg);    break;
        case 'w': serve_delay = atol(optarg);       break;
        case 'p': probe_path = optarg;        break;
        case '1': once = 1;                   break;
        case 'k': with_keys = 1;              break;
        case 'b': backwards = 1;              break;
        default:  return 2;
        }
    }

    argc -= optind;
    argv += optind;

    n = with_keys ? argc : argc - 1;

    if (n < 1 || n > MAX_SIDES || port == 0
        || nconns < 1 || nconns > MAX_CONNS || nrequests < 1)
    {
        fprintf(stderr, "load: see bench/load.c for the arguments\n");
        return 2;
    }

    deadline = now() + timeout * 1000000000;

    if (!with_keys) {
        load_tokens(*argv++);
    }

    serve(port);

    for (i = 0; i < n; i++) {
        parse_side(&sides[i], argv[i]);
        connect_side(&sides[i]);
    }

    for (round = 0; round < nrounds; round++) {
        first = once || with_keys ? round * nrequests : 0;

        for (i = 0; i < n; i++) {
            run(&sides[(round & 1) ? n - 1 - i : i], round, first);
        }
    }

    return 0;
}


static void
parse_side(side_t *side, char *text)
{
    char  *path, *keys, *file;

    side->name = strsep(&text, ":");
    side->port = atoi(text ? strsep(&text, ":") : "");
    side->pid = atoi(text ? strsep(&text, ":") : "");
    path = text ? strsep(&text, ":") : NULL;
    keys = text ? strsep(&text, ":") : NULL;
    side->keys = atol(keys ? keys : "");
    file = text ? strsep(&text, ":") : NULL;
    side->request = NULL;

    if (side->port == 0 || path == NULL || strlen(path) > 512
        || with_keys != (side->keys > 0))
    {
        fprintf(stderr, "load: a side is NAME:PORT:PID:PATH%s\n",
                with_keys ? ":KEYS[:FILE:TYPE]" : "");
        exit(2);
    }

    if (file && *file) {
        make_request(side, path, file, text ? text : "");
        return;
    }

    side->head_len = snprintf(side->head, sizeof(side->head),
                              "GET %s HTTP/1.1\r\n"
                              "Host: shop.example\r\n"
                              "%s"
                              "Accept: application/json\r\n"
                              "Accept-Encoding: gzip, deflate, br\r\n"
                              "Accept-Language: en-GB,en;q=0.9\r\n"
                              "%s", path,
                              with_keys ? "" : "User-Agent: bench/1.0\r\n",
                              with_keys ? "User-Agent: "
                                        : "Authorization: Bearer ");
}


static void
make_request(side_t *side, const char *path, const char *file,
    const char *type)
{
    int           n;
    FILE         *f;
    struct stat   st;

    f = fopen(file, "r");

    if (f == NULL || fstat(fileno(f), &st) == -1) {
        die(file);
    }

    side->request = malloc(1024 + st.st_size);
    if (side->request == NULL) {
        die("memory");
    }

    /* gRPC's clients say that they take trailers */

    n = snprintf(side->request, 1024,
                 "POST %s HTTP/1.1\r\n"
                 "Host: shop.example\r\n"
                 "%s"
                 "Accept-Encoding: gzip, deflate, br\r\n"
                 "Accept-Language: en-GB,en;q=0.9\r\n"
                 "User-Agent: k00000000\r\n"
                 "Content-Type: %s\r\n"
                 "Content-Length: %lld\r\n"
                 "\r\n", path,
                 strcmp(type, "application/grpc") == 0
                 ? "TE: trailers\r\n" : "Accept: application/json\r\n",
                 type, (long long) st.st_size);

    if (fread(side->request + n, 1, st.st_size, f) != (size_t) st.st_size) {
        die(file);
    }

    fclose(f);

    side->request_len = n + st.st_size;
}


static void
load_tokens(const char *path)
{
    int           fd;
    char         *p, *end, *last;
    struct stat   st;

    fd = open(path, O_RDONLY);

    if (fd == -1 || fstat(fd, &st) == -1 || st.st_size == 0) {
        die(path);
    }

    p = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);

    if (p == MAP_FAILED) {
        die(path);
    }

    close(fd);

    for (last = p + st.st_size; p < last; p = end + 1) {
        end = memchr(p, '\n', last - p);

        if (end == NULL) {
            break;
        }

        if ((lines & 4095) == 0) {
            tokens = realloc(tokens, (lines + 4096) * sizeof(struct iovec));
            if (tokens == NULL) {
                die("memory");
            }
        }

        tokens[lines].iov_base = p;
        tokens[lines++].iov_len = end - p;
    }

    if (ntokens == 0) {
        ntokens = lines - first_token;
    }

    if (first_token < 0 || ntokens < 1 || first_token + ntokens > lines
        || (once && nrequests * nrounds > ntokens))
    {
        fprintf(stderr, "load: %s has too few tokens\n", path);
        exit(2);
    }
}


void
watch(int fd, conn_t *c)
{
    int                  on;
    struct epoll_event   ev;

    on = 1;

    if (c) {
        c->fd = fd;

        if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1) {
            die("TCP_NODELAY");
        }
    }

    ev.events = EPOLLIN;
    ev.data.ptr = c;

    if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == -1) {
        die("epoll_ctl");
    }
}


static void
connect_side(side_t *side)
{
    long  i;

    side->conns = calloc(nconns, sizeof(conn_t));
    side->probe = calloc(1, sizeof(conn_t));

    if (side->conns == NULL || side->probe == NULL) {
        die("memory");
    }

    for (i = 0; i < nconns; i++) {
        open_conn(side, &side->conns[i]);
    }

    if (probe_path) {
        open_conn(side, side->probe);
    }
}


static void
open_conn(side_t *side, conn_t *c)
{
    int                  fd;
    struct sockaddr_in   sin;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(side->port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd == -1
        || connect(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        || fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
    {
        die("connect");
    }

    watch(fd, c);
}


static void
run(side_t *side, long round, long first)
{
    int                  i, n, rc;
    conn_t              *c;
    long                 sent, done, failed, limited;
    int64_t              wall, cpu, wait, own_wait, cpu_before, wait_before;
    int64_t              own_before;
    struct epoll_event   events[MAX_CONNS];

    cpu_time(side->pid, &cpu_before, &wait_before);
    cpu_time(getpid(), &cpu, &own_before);
    wall = now();

    sent = 0;
    done = 0;
    failed = 0;
    limited = 0;

    probe_longest = 0;

    if (probe_path) {
        probe(side->probe);
    }

    for (i = 0; i < nconns && sent < nrequests; i++) {
        send_request(side, &side->conns[i], first + sent++);
    }

    while (done < nrequests || probe_busy) {

        n = epoll_wait(ep, events, MAX_CONNS, 0);

        if (n == -1 && errno != EINTR) {
            die("epoll_wait");
        }

        if (n <= 0) {
            sched_yield();
        }

        serve_due();

        if (now() > deadline) {
            fprintf(stderr, "load: %s: too slow, %ld of %ld answers\n",
                    side->name, done, nrequests);
            exit(1);
        }

        for (i = 0; i < n; i++) {
            c = events[i].data.ptr;

            if (c == NULL) {
                serve_accept();
                continue;
            }

            if (c->service) {
                if (c->blocked && (events[i].events & EPOLLOUT)) {
                    send_rest(c);
                }

                if (events[i].events & ~EPOLLOUT) {
                    serve_request(c);
                }

                continue;
            }

            if (c->blocked && (events[i].events & EPOLLOUT)) {
                send_rest(c);
            }

            if ((events[i].events & ~EPOLLOUT) == 0) {
                continue;
            }

            rc = receive(c);

            if (rc == -1) {
                continue;
            }

            if (c == probing) {
                probe_done();

                if (done < nrequests) {
                    probe(c);
                }

                continue;
            }

            done++;
            limited += (rc == 429);
            failed += (rc != 200 && rc != 429);

            if (sent < nrequests) {
                send_request(side, c, first + sent++);
            }
        }
    }

    wall = now() - wall;

    /* the server is done with the last request when it sleeps */

    usleep(3000);

    cpu_time(getpid(), &cpu, &own_wait);
    cpu_time(side->pid, &cpu, &wait);

    printf("%s %ld %ld %ld %ld %lld %lld %lld %lld", side->name, round,
           nrequests, failed, limited, (long long) wall,
           (long long) (cpu - cpu_before), (long long) (wait - wait_before),
           (long long) (own_wait - own_before));

    if (probe_path) {
        printf(" %lld", (long long) probe_longest);
    }

    printf("\n");
    fflush(stdout);
}


static void
probe(conn_t *c)
{
    int   n;
    char  request[1024];

    n = snprintf(request, sizeof(request),
                 "GET %s HTTP/1.1\r\nHost: shop.example\r\n\r\n", probe_path);

    c->len = 0;
    c->part = HEAD;

    probing = c;
    probe_busy = 1;
    probe_sent = now();

    if (send(c->fd, request, n, MSG_NOSIGNAL) != n) {
        die("send");
    }
}


static void
probe_done(void)
{
    int64_t  took;

    took = now() - probe_sent;

    if (took > probe_longest) {
        probe_longest = took;
    }

    probe_busy = 0;
}


static void
send_request(side_t *side, conn_t *c, long i)
{
    size_t         len;
    struct iovec   iov[3];

    c->len = 0;
    c->part = HEAD;

    if (side->request) {
        c->out = side->request;
        c->left = side->request_len;

        send_rest(c);
        return;
    }

    iov[0].iov_base = side->head;
    iov[0].iov_len = side->head_len;

    if (with_keys) {
        iov[1].iov_base = c->key;
        iov[1].iov_len = make_key(side, c, i);

    } else {
        iov[1] = tokens[first_token + i % ntokens];
    }

    iov[2].iov_base = "\r\n\r\n";
    iov[2].iov_len = 4;

    len = iov[0].iov_len + iov[1].iov_len + iov[2].iov_len;

    if (writev(c->fd, iov, 3) != (ssize_t) len) {
        die("writev");
    }
}


static size_t
make_key(side_t *side, conn_t *c, long i)
{
    int       n;
    uint64_t  x;

    if (backwards) {
        x = side->keys - 1 - i % side->keys;

    } else if (once) {
        x = i % side->keys;

    } else {
        /* splitmix64 of i */

        x = (i + 1) * 0x9e3779b97f4a7c15;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
        x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
        x = (x ^ (x >> 31)) % side->keys;
    }

    c->key[0] = 'k';

    for (n = 8; n > 0; n--) {
        c->key[n] = '0' + x % 10;
        x /= 10;
    }

    return 9;
}


/* the status of a reply that is complete, else -1 */

static int
receive(conn_t *c)
{
    int          over;
    char        *end;
    ssize_t      n;

    static char  body[262144];

    /* of what is behind the header only the length is of interest */

    n = c->part ? recv(c->fd, body, sizeof(body), 0)
                : recv(c->fd, c->buf + c->len, MAX_HEAD - 1 - c->len, 0);

    if (n == -1 && errno == EAGAIN) {
        return -1;
    }

    if (n <= 0) {
        fprintf(stderr, "load: connection closed\n");
        exit(1);
    }

    if (c->part) {
        over = receive_body(c, body, n);

    } else {
        c->len += n;
        c->buf[c->len] = '\0';

        end = strstr(c->buf, "\r\n\r\n");

        if (end == NULL) {
            if (c->len == MAX_HEAD - 1) {
                fprintf(stderr, "load: header too long\n");
                exit(1);
            }

            return -1;
        }

        end += 4;

        receive_head(c, end);
        over = receive_body(c, end, c->buf + c->len - end);
    }

    return over ? atoi(c->buf + sizeof("HTTP/1.1 ") - 1) : -1;
}


static void
receive_head(conn_t *c, char *body)
{
    char  *field;

    field = strstr(c->buf, "Transfer-Encoding: chunked");

    if (field && field < body) {
        c->part = CHUNK_SIZE;
        c->need = 0;
        return;
    }

    field = strstr(c->buf, "Content-Length: ");

    if (field == NULL || field > body) {
        fprintf(stderr, "load: reply without length\n");
        exit(1);
    }

    c->part = BODY;
    c->need = atol(field + sizeof("Content-Length: ") - 1);
}


/* 1: that was the end */

static int
receive_body(conn_t *c, const char *p, size_t n)
{
    size_t       len;
    const char  *last;

    last = p + n;

    if (c->part == BODY) {
        c->need -= n < c->need ? n : c->need;
        return c->need == 0;
    }

    while (p < last) {

        switch (c->part) {

        case CHUNK_SIZE:
            if (*p == '\r' || *p == ';') {
                c->part = CHUNK_SIZE_END;

            } else {
                c->need = c->need * 16
                          + (*p <= '9' ? *p - '0' : (*p | 0x20) - 'a' + 10);
            }

            p++;
            break;

        case CHUNK_SIZE_END:
            if (*p++ == '\n') {
                c->part = c->need ? CHUNK : TRAILER;
            }

            break;

        case CHUNK:
            len = (size_t) (last - p) < c->need ? (size_t) (last - p)
                                                : c->need;
            p += len;
            c->need -= len;

            if (c->need == 0) {
                c->part = CHUNK_END;
            }

            break;

        case CHUNK_END:
            if (*p++ == '\n') {
                c->part = CHUNK_SIZE;
            }

            break;

        case TRAILER:
            if (*p == '\n') {
                return 1;
            }

            if (*p++ != '\r') {
                c->part = TRAILER_LINE;
            }

            break;

        default: /* TRAILER_LINE */
            if (*p++ == '\n') {
                c->part = TRAILER;
            }

            break;
        }
    }

    return 0;
}


/* nanoseconds: user and system, and of waiting; 0 without a pid */

static void
cpu_time(int pid, int64_t *used, int64_t *waited)
{
    char        path[64];
    FILE       *f;
    long long   run, wait;

    run = 0;
    wait = 0;

    if (pid) {
        snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);

        f = fopen(path, "r");

        if (f == NULL || fscanf(f, "%lld %lld", &run, &wait) != 2) {
            die(path);
        }

        fclose(f);
    }

    *used = run;
    *waited = wait;
}


int64_t
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


void
die(const char *what)
{
    perror(what);
    exit(1);
}
