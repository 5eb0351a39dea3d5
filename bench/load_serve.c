
/*
 * The service of load.c, in the same process: HTTP/1.1 here, gRPC in
 * load_grpc.c.
 */


#define _GNU_SOURCE

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "load_serve.h"


#define MAX_FILES   64


typedef struct {
    char         name[64];
    char        *reply;         /* with its header */
    size_t       len;
} file_t;


static void serve_later(conn_t *c);
static void serve_find(conn_t *c);
static void serve_grpc(conn_t *c, size_t n);


long            serve_delay;

static int      listener;

static file_t   files[MAX_FILES];
static int      nfiles;
static conn_t  *waiting[MAX_CONNS];
static int      nwaiting;


void
serve(int port)
{
    int                  on;
    struct sockaddr_in   sin;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    on = 1;

    ep = epoll_create1(0);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (ep == -1 || listener == -1
        || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on))
           == -1
        || bind(listener, (struct sockaddr *) &sin, sizeof(sin)) == -1
        || listen(listener, 4096) == -1)
    {
        die("listen");
    }

    watch(listener, NULL);
}


void
serve_accept(void)
{
    int      fd;
    conn_t  *c;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) != -1) {
        c = calloc(1, sizeof(conn_t));
        if (c == NULL) {
            die("memory");
        }

        c->service = 1;
        watch(fd, c);
    }
}


void
serve_request(conn_t *c)
{
    int      i;
    ssize_t  n;

    n = recv(c->fd, c->buf + c->len, MAX_HEAD - 1 - c->len, 0);

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n <= 0) {
        for (i = 0; i < nwaiting; i++) {
            if (waiting[i] == c) {
                waiting[i--] = waiting[--nwaiting];
            }
        }

        close(c->fd);
        grpc_free(c->grpc);
        free(c);
        return;
    }

    if (c->grpc == NULL && c->len == 0 && n > 4
        && memcmp(c->buf, "PRI ", 4) == 0)
    {
        c->grpc = grpc_create();
    }

    if (c->grpc) {
        serve_grpc(c, n);
        return;
    }

    c->len += n;

    if (c->len < 4 || memcmp(c->buf + c->len - 4, "\r\n\r\n", 4) != 0) {
        return;
    }

    c->buf[c->len] = '\0';
    c->len = 0;

    serve_find(c);

    if (c->due == 0) {
        send_rest(c);
        return;
    }

    serve_later(c);
}


static void
serve_later(conn_t *c)
{
    if (nwaiting == MAX_CONNS) {
        fprintf(stderr, "load: too many requests wait\n");
        exit(1);
    }

    waiting[nwaiting++] = c;
}


static void
serve_grpc(conn_t *c, size_t n)
{
    if (grpc_take(c->grpc, c->buf, n) == -1) {
        fprintf(stderr, "load: the service was asked by no HTTP/2\n");
        exit(1);
    }

    c->out = grpc_output(c->grpc, &c->left);

    if (c->left == 0 || c->due) {
        return;
    }

    if (serve_delay == 0) {
        send_rest(c);
        return;
    }

    c->due = now() + serve_delay * 1000000;
    serve_later(c);
}


/* what is to be sent for a request, and when */

static void
serve_find(conn_t *c)
{
    int      i;
    char    *name, *end, *wait;
    size_t   len;

    static const char  reply[] =
        "HTTP/1.1 200 OK\r\n"
        "Server: service\r\n"
        "Date: Mon, 02 Nov 2026 10:00:00 GMT\r\n"
        "Content-Type: application/json\r\n"
        "Content-Length: 27\r\n"
        "\r\n"
        "{\"id\":42,\"status\":\"sent\"}\r\n";

    c->out = reply;
    c->left = sizeof(reply) - 1;
    c->due = 0;

    if (nfiles == 0) {
        return;
    }

    name = strchr(c->buf, ' ');
    end = name ? strpbrk(name + 1, " ?") : NULL;

    if (end == NULL) {
        return;
    }

    if (*end == '?') {
        wait = strstr(end, "wait=");

        if (wait && wait < strchr(end, '\r')) {
            c->due = now() + atol(wait + sizeof("wait=") - 1) * 1000000;
        }
    }

    *end = '\0';
    name = strrchr(name + 1, '/');

    if (name == NULL) {
        return;
    }

    len = strlen(++name);

    for (i = 0; i < nfiles; i++) {
        if (memcmp(files[i].name, name, len + 1) == 0) {
            c->out = files[i].reply;
            c->left = files[i].len;
        }
    }
}


void
send_rest(conn_t *c)
{
    ssize_t             n;
    struct epoll_event  ev;

    n = send(c->fd, c->out, c->left, MSG_NOSIGNAL);

    if (n == -1 && errno == EAGAIN) {
        n = 0;
    }

    if (n == -1) {

        /* what the gateway has closed is freed when its end is read */

        c->left = 0;

    } else {
        c->out += n;
        c->left -= n;

        if (c->grpc) {
            grpc_sent(c->grpc, n);
        }
    }

    if (c->blocked == (c->left != 0)) {
        return;
    }

    c->blocked = (c->left != 0);

    ev.events = EPOLLIN | (c->blocked ? EPOLLOUT : 0);
    ev.data.ptr = c;

    if (epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev) == -1) {
        die("epoll_ctl");
    }
}


void
serve_due(void)
{
    int      i;
    conn_t  *c;
    int64_t  at;

    if (nwaiting == 0) {
        return;
    }

    at = now();

    for (i = 0; i < nwaiting; i++) {
        c = waiting[i];

        if (c->due <= at) {
            waiting[i--] = waiting[--nwaiting];
            c->due = 0;
            send_rest(c);
        }
    }
}


void
load_files(const char *folder)
{
    int             n;
    char            path[512];
    FILE           *f;
    DIR            *dir;
    file_t         *file;
    struct stat     st;
    struct dirent  *entry;

    dir = opendir(folder);
    if (dir == NULL) {
        die(folder);
    }

    while ((entry = readdir(dir))) {
        file = &files[nfiles];

        if (entry->d_name[0] == '.' || nfiles == MAX_FILES
            || strlen(entry->d_name) >= sizeof(file->name))
        {
            continue;
        }

        strcpy(file->name, entry->d_name);
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);

        f = fopen(path, "r");
        if (f == NULL || fstat(fileno(f), &st) == -1) {
            die(path);
        }

        file->reply = malloc(st.st_size + 256);
        if (file->reply == NULL) {
            die("memory");
        }

        n = sprintf(file->reply,
                    "HTTP/1.1 200 OK\r\n"
                    "Server: service\r\n"
                    "Date: Mon, 02 Nov 2026 10:00:00 GMT\r\n"
                    "Content-Type: application/json\r\n"
                    "Content-Length: %lld\r\n"
                    "\r\n", (long long) st.st_size);

        if (fread(file->reply + n, 1, st.st_size, f) != (size_t) st.st_size) {
            die(path);
        }

        fclose(f);

        file->len = n + st.st_size;
        nfiles++;
    }

    closedir(dir);
}
