
/*
 * Offers requests to gateways as many clients would: each stream's arrivals
 * are a Poisson process, and no answer is waited for before the next request
 * is sent.  Says when each was sent and answered, and how.
 *
 * offer [-s SECONDS] [-r SEED] FILE NAME:PORT:RATE:PATH ...
 *
 * A stream sends RATE requests a second (a decimal number) to PORT.  The same
 * SEED and streams give the same arrivals.  FILE gets a line for each request,
 * in the order they were sent:
 *
 *     NAME SENT ANSWERED STATUS
 *
 * in microseconds of the monotonic clock.  SENT is read just before the
 * request is written, ANSWERED when all of the answer has been read: what the
 * gateway decided it did between them.  An answer with "X-Result: error" has
 * status 599.
 *
 * It does not sleep while it waits, so that times are those of the gateways.
 */


#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <math.h>
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
#include <sys/socket.h>


#define MAX_STREAMS  16
#define MAX_EVENTS   256
#define MAX_REPLY    4096

/* connections to a gateway: opened at first, and when none is idle */
#define CONNS        32
#define MAX_CONNS    1000

/* nobody answers any more */
#define PATIENCE     10000000


typedef struct conn_s  conn_t;

struct conn_s {
    int       fd;
    int       port;
    long      request;
    conn_t   *next;             /* idle */
    size_t    len;
    char      buf[MAX_REPLY];
};


typedef struct {
    int       port;
    int       count;
    conn_t   *idle;
} gateway_t;


typedef struct {
    char       *name;
    double      rate;
    double      next;           /* microseconds from the start */
    uint64_t    random;
    gateway_t  *gateway;
    char        request[512];
    size_t      len;
} stream_t;


typedef struct {
    int64_t   sent;
    int64_t   answered;
    short     stream;
    short     status;
} record_t;


static void parse_stream(stream_t *stream, char *text, uint64_t seed);
static gateway_t *find_gateway(int port);
static conn_t *open_conn(gateway_t *gateway);
static void plan(stream_t *stream);
static void send_request(stream_t *stream);
static void receive(conn_t *c);
static int complete(conn_t *c);
static void save(const char *path);
static uint64_t next_random(uint64_t *state);
static int64_t now(void);
static void die(const char *what);


static stream_t    streams[MAX_STREAMS];
static gateway_t   gateways[MAX_STREAMS];
static int         nstreams, ngateways, ep;
static record_t   *records;
static long        nrecords, allocated, waiting;


int
main(int argc, char **argv)
{
    int                  i, n, opt;
    double               seconds;
    int64_t              start, last;
    uint64_t             seed;
    stream_t            *due;
    struct epoll_event   events[MAX_EVENTS];

    seconds = 60;
    seed = 1;

    while ((opt = getopt(argc, argv, "s:r:")) != -1) {
        switch (opt) {
        case 's': seconds = atof(optarg);               break;
        case 'r': seed = strtoull(optarg, NULL, 10);    break;
        default:  return 2;
        }
    }

    argc -= optind;
    argv += optind;

    nstreams = argc - 1;

    if (nstreams < 1 || nstreams > MAX_STREAMS || seconds <= 0) {
        fprintf(stderr, "offer: see bench/offer.c for the arguments\n");
        return 2;
    }

    ep = epoll_create1(0);

    if (ep == -1) {
        die("epoll_create1");
    }

    for (i = 0; i < nstreams; i++) {
        parse_stream(&streams[i], argv[i + 1], seed + i);
        plan(&streams[i]);
    }

    start = now();
    last = start;

    for ( ;; ) {

        n = epoll_wait(ep, events, MAX_EVENTS, 0);

        if (n == -1 && errno != EINTR) {
            die("epoll_wait");
        }

        for (i = 0; i < n; i++) {
            receive(events[i].data.ptr);
        }

        due = &streams[0];

        for (i = 1; i < nstreams; i++) {
            if (streams[i].next < due->next) {
                due = &streams[i];
            }
        }

        if (due->next >= seconds * 1e6) {

            if (waiting == 0) {
                break;
            }

            if (now() - last > PATIENCE) {
                fprintf(stderr, "offer: %ld answers never came\n", waiting);
                return 1;
            }

        } else if (now() - start >= due->next) {
            send_request(due);
            plan(due);
            last = now();
            continue;
        }

        if (n <= 0) {
            sched_yield();
        }
    }

    save(argv[0]);

    return 0;
}


static void
parse_stream(stream_t *stream, char *text, uint64_t seed)
{
    int    port;
    char  *path;

    stream->name = strsep(&text, ":");
    port = atoi(text ? strsep(&text, ":") : "");
    stream->rate = atof(text ? strsep(&text, ":") : "");
    path = text;

    if (port == 0 || stream->rate <= 0 || path == NULL || strlen(path) > 256) {
        fprintf(stderr, "offer: a stream is NAME:PORT:RATE:PATH\n");
        exit(2);
    }

    stream->len = snprintf(stream->request, sizeof(stream->request),
                           "GET %s HTTP/1.1\r\n"
                           "Host: shop.example\r\n"
                           "\r\n", path);

    stream->random = seed * 0x9e3779b97f4a7c15;
    stream->gateway = find_gateway(port);
}


static gateway_t *
find_gateway(int port)
{
    int         i;
    conn_t     *c;
    gateway_t  *gateway;

    for (i = 0; i < ngateways; i++) {
        if (gateways[i].port == port) {
            return &gateways[i];
        }
    }

    gateway = &gateways[ngateways++];
    gateway->port = port;

    while (gateway->count < CONNS) {
        c = open_conn(gateway);
        c->next = gateway->idle;
        gateway->idle = c;
    }

    return gateway;
}


static conn_t *
open_conn(gateway_t *gateway)
{
    int                  on;
    conn_t              *c;
    struct sockaddr_in   sin;
    struct epoll_event   ev;

    if (gateway->count++ == MAX_CONNS) {
        fprintf(stderr, "offer: no answer on %d connections\n", MAX_CONNS);
        exit(1);
    }

    c = calloc(1, sizeof(conn_t));

    if (c == NULL) {
        die("memory");
    }

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(gateway->port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    on = 1;
    ev.events = EPOLLIN;
    ev.data.ptr = c;

    c->port = gateway->port;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);

    if (c->fd == -1
        || connect(c->fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        || setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1
        || fcntl(c->fd, F_SETFL, O_NONBLOCK) == -1
        || epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev) == -1)
    {
        die("connect");
    }

    return c;
}


/* the stream's next arrival, an exponentially distributed time after it */

static void
plan(stream_t *stream)
{
    double  u;

    u = (next_random(&stream->random) >> 11) * 0x1p-53;

    stream->next += -log(1 - u) * 1e6 / stream->rate;
}


static void
send_request(stream_t *stream)
{
    conn_t     *c;
    record_t   *record;
    gateway_t  *gateway;

    if (nrecords == allocated) {
        allocated = allocated ? 2 * allocated : 65536;
        records = realloc(records, allocated * sizeof(record_t));

        if (records == NULL) {
            die("memory");
        }
    }

    gateway = stream->gateway;
    c = gateway->idle;

    if (c) {
        gateway->idle = c->next;

    } else {
        c = open_conn(gateway);
    }

    c->request = nrecords;
    c->len = 0;

    record = &records[nrecords++];
    record->stream = stream - streams;
    record->sent = now();

    if (send(c->fd, stream->request, stream->len, MSG_NOSIGNAL)
        != (ssize_t) stream->len)
    {
        die("send");
    }

    waiting++;
}


static void
receive(conn_t *c)
{
    ssize_t     n;
    record_t   *record;
    gateway_t  *gateway;

    n = recv(c->fd, c->buf + c->len, MAX_REPLY - 1 - c->len, 0);

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n <= 0) {
        fprintf(stderr, "offer: connection closed\n");
        exit(1);
    }

    c->len += n;
    c->buf[c->len] = '\0';

    if (!complete(c)) {
        return;
    }

    record = &records[c->request];
    record->answered = now();
    record->status = strstr(c->buf, "X-Result: error")
                     ? 599 : atoi(c->buf + sizeof("HTTP/1.1 ") - 1);

    gateway = find_gateway(c->port);
    c->next = gateway->idle;
    gateway->idle = c;

    waiting--;
}


static int
complete(conn_t *c)
{
    char  *body, *length;

    body = strstr(c->buf, "\r\n\r\n");

    if (body == NULL) {
        if (c->len == MAX_REPLY - 1) {
            fprintf(stderr, "offer: reply too long\n");
            exit(1);
        }

        return 0;
    }

    length = strstr(c->buf, "Content-Length: ");

    if (length == NULL || length > body) {
        fprintf(stderr, "offer: reply without length\n");
        exit(1);
    }

    return (long) c->len >= body + 4 - c->buf
                            + atol(length + sizeof("Content-Length: ") - 1);
}


static void
save(const char *path)
{
    long   i;
    FILE  *f;

    f = fopen(path, "w");

    if (f == NULL) {
        die(path);
    }

    for (i = 0; i < nrecords; i++) {
        fprintf(f, "%s %lld %lld %d\n", streams[records[i].stream].name,
                (long long) records[i].sent, (long long) records[i].answered,
                records[i].status);
    }

    if (fclose(f) != 0) {
        die(path);
    }
}


/* splitmix64 */

static uint64_t
next_random(uint64_t *state)
{
    uint64_t  x;

    x = *state += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;

    return x ^ (x >> 31);
}


static int64_t
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


static void
die(const char *what)
{
    perror(what);
    exit(1);
}
