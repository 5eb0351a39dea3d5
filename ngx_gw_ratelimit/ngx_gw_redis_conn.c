
/*
 * Connections: opened, written to once a turn, read and closed.
 */


#include "ngx_gw_redis_internal.h"
#include "ngx_gw_redis_encode.h"


/* the buffer for what is to be sent: at first, and kept at most */
#define NGX_GW_REDIS_BUFFER       4096
#define NGX_GW_REDIS_KEPT_BUFFER  262144


static void ngx_gw_redis_conn_connected(ngx_event_t *ev);
static void ngx_gw_redis_conn_start(ngx_gw_redis_conn_t *conn);
static void ngx_gw_redis_conn_asked(ngx_gw_redis_call_t *call,
    ngx_gw_redis_reply_t *reply);
static ngx_int_t ngx_gw_redis_conn_reserve(ngx_gw_redis_conn_t *conn,
    size_t size);
static void ngx_gw_redis_conn_flush_handler(ngx_event_t *ev);
static void ngx_gw_redis_conn_write_handler(ngx_event_t *wev);
static void ngx_gw_redis_conn_flush(ngx_gw_redis_conn_t *conn);
static void ngx_gw_redis_conn_read_handler(ngx_event_t *rev);
static ngx_int_t ngx_gw_redis_conn_read(ngx_gw_redis_conn_t *conn,
    ngx_connection_t *c);
static ngx_int_t ngx_gw_redis_conn_replies(ngx_gw_redis_conn_t *conn);
static void ngx_gw_redis_conn_timer_handler(ngx_event_t *ev);
static uint64_t ngx_gw_redis_conn_patience(ngx_gw_redis_conn_t *conn);


ngx_int_t
ngx_gw_redis_conn_open(ngx_gw_redis_conn_t *conn)
{
    ngx_int_t               rc;
    ngx_err_t               err;
    ngx_gw_redis_t         *redis;
    ngx_connection_t       *c;
    ngx_gw_redis_node_t    *node;
    ngx_peer_connection_t  *pc;

    node = conn->node;
    redis = node->redis;
    pc = &conn->peer;

    ngx_memzero(pc, sizeof(ngx_peer_connection_t));

    pc->sockaddr = &node->sockaddr.sockaddr;
    pc->socklen = node->socklen;
    pc->name = &node->name;
    pc->get = ngx_event_get_peer;
    pc->log = &redis->conn_log;
    pc->log_error = NGX_ERROR_INFO;
    pc->so_keepalive = (node->sockaddr.sockaddr.sa_family != AF_UNIX);

    conn->state = NGX_GW_REDIS_CONNECTING;
    conn->broken = NULL;
    conn->answered = 0;
    conn->greetings = 0;

    conn->flush.data = conn;
    conn->flush.handler = ngx_gw_redis_conn_flush_handler;
    conn->flush.log = &redis->log;

    conn->timer.data = conn;
    conn->timer.handler = ngx_gw_redis_conn_timer_handler;
    conn->timer.log = &redis->log;
    conn->timer.cancelable = 1;

    conn->reader = ngx_gw_redis_reader_create(&redis->log);

    if (conn->reader == NULL) {
        ngx_gw_redis_conn_fail(conn, 0, "found no memory");
        return NGX_ERROR;
    }

    rc = ngx_event_connect_peer(pc);
    err = (rc == NGX_DECLINED) ? ngx_socket_errno : 0;

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        ngx_gw_redis_conn_fail(conn, err, "could not be connected to");
        return NGX_ERROR;
    }

    c = pc->connection;
    c->data = conn;
    c->read->handler = ngx_gw_redis_conn_connected;
    c->write->handler = ngx_gw_redis_conn_connected;

    conn->connection = c;

    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, &redis->log, 0,
                   "gw redis \"%V\": connecting to %V, fd:%d",
                   &redis->conf->name, &node->name, c->fd);

    ngx_add_timer(&conn->timer, redis->conf->connect_timeout);

    if (rc == NGX_OK) {
        ngx_gw_redis_conn_start(conn);
    }

    return (conn->state == NGX_GW_REDIS_CLOSED) ? NGX_ERROR : NGX_OK;
}


static void
ngx_gw_redis_conn_connected(ngx_event_t *ev)
{
    int                   err;
    socklen_t             len;
    ngx_connection_t     *c;
    ngx_gw_redis_conn_t  *conn;

    c = ev->data;
    conn = c->data;

    if (c->close) {
        ngx_gw_redis_conn_close(conn);
        return;
    }

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    if (err) {
        ngx_gw_redis_conn_fail(conn, err, "could not be connected to");
        return;
    }

    if (!c->write->ready) {
        return;
    }

    ngx_gw_redis_conn_start(conn);
}


static void
ngx_gw_redis_conn_start(ngx_gw_redis_conn_t *conn)
{
    ngx_connection_t  *c;

    c = conn->connection;

    if (conn->node->sockaddr.sockaddr.sa_family != AF_UNIX
        && ngx_tcp_nodelay(c) != NGX_OK)
    {
        ngx_gw_redis_conn_fail(conn, 0, "could not be connected to");
        return;
    }

#if (NGX_SSL)

    if (conn->node->redis->conf->ssl) {
        ngx_gw_redis_ssl_start(conn);
        return;
    }

#endif

    ngx_gw_redis_conn_begin(conn);
}


void
ngx_gw_redis_conn_begin(ngx_gw_redis_conn_t *conn)
{
    ngx_connection_t  *c;

    c = conn->connection;

    c->read->handler = ngx_gw_redis_conn_read_handler;
    c->write->handler = ngx_gw_redis_conn_write_handler;

    conn->state = NGX_GW_REDIS_GREETING;

    ngx_gw_redis_conn_greet(conn);
}


void
ngx_gw_redis_conn_ready(ngx_gw_redis_conn_t *conn)
{
    ngx_uint_t            closed;
    ngx_queue_t          *q;
    ngx_gw_redis_call_t  *call;

    conn->state = NGX_GW_REDIS_READY;
    closed = conn->closed;

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, &conn->node->redis->log, 0,
                   "gw redis \"%V\": %V is ready",
                   &conn->node->redis->conf->name, &conn->node->name);

    if (conn->timer.timer_set) {
        ngx_del_timer(&conn->timer);
    }

    while (!ngx_queue_empty(&conn->pending)) {
        q = ngx_queue_head(&conn->pending);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, ngx_gw_redis_call_t, queue);

        if (ngx_gw_redis_conn_write(conn, call) != NGX_OK) {
            conn->ncalls--;
            call->done(call, NULL);

            if (conn->closed != closed) {
                return;
            }
        }
    }

    if (conn->ncalls) {
        ngx_add_timer(&conn->timer,
                      (ngx_msec_t) (ngx_gw_redis_conn_patience(conn) / 1000));

    } else {
        conn->connection->idle = 1;
    }
}


ngx_int_t
ngx_gw_redis_conn_add(ngx_gw_redis_conn_t *conn, ngx_gw_redis_call_t *call)
{
    call->conn = conn;

    if (conn->state != NGX_GW_REDIS_READY) {
        ngx_queue_insert_tail(&conn->pending, &call->queue);
        conn->ncalls++;
        return NGX_OK;
    }

    if (ngx_gw_redis_conn_write(conn, call) != NGX_OK) {
        return NGX_ERROR;
    }

    conn->ncalls++;
    conn->connection->idle = 0;

    if (!conn->timer.timer_set) {
        ngx_add_timer(&conn->timer,
                      (ngx_msec_t) (ngx_gw_redis_conn_patience(conn) / 1000));
    }

    return NGX_OK;
}


ngx_int_t
ngx_gw_redis_conn_write(ngx_gw_redis_conn_t *conn, ngx_gw_redis_call_t *call)
{
    size_t                  size;
    ngx_str_t               argv[1];
    ngx_gw_redis_call_t    *asking;
    ngx_gw_redis_script_t  *script;

    if (call->asking) {
        ngx_str_set(&argv[0], "ASKING");

        asking = ngx_gw_redis_command(call->redis, ngx_gw_redis_conn_asked, 1,
                                      argv);
        if (asking == NULL) {
            return NGX_ERROR;
        }

        if (ngx_gw_redis_conn_write(conn, asking) != NGX_OK) {
            ngx_gw_redis_free(asking);
            return NGX_ERROR;
        }

        conn->ncalls++;
    }

    script = call->script;

    if (script) {

        if (call->eval) {
            call->argv[0] = "EVAL";
            call->argvlen[0] = 4;
            call->argv[1] = (char *) script->text.data;
            call->argvlen[1] = script->text.len;

        } else {
            call->argv[0] = "EVALSHA";
            call->argvlen[0] = 7;
            call->argv[1] = (char *) script->sha1;
            call->argvlen[1] = 40;
        }
    }

    size = ngx_gw_redis_encoded_size(call->argc, call->argvlen);

    if ((size_t) (conn->end - conn->last) < size
        && ngx_gw_redis_conn_reserve(conn, size) != NGX_OK)
    {
        return NGX_ERROR;
    }

    conn->last = ngx_gw_redis_encode(conn->last, call->argc, call->argv,
                                     call->argvlen);

    call->conn = conn;
    ngx_queue_insert_tail(&conn->calls, &call->queue);

    /* what waits for the socket leaves with it */

    if (conn->connection->write->ready) {
        ngx_post_event(&conn->flush, &ngx_posted_events);
    }

    return NGX_OK;
}


static void
ngx_gw_redis_conn_asked(ngx_gw_redis_call_t *call, ngx_gw_redis_reply_t *reply)
{
    ngx_gw_redis_free(call);
}


static ngx_int_t
ngx_gw_redis_conn_reserve(ngx_gw_redis_conn_t *conn, size_t size)
{
    u_char  *p;
    size_t   used, n;

    used = conn->last - conn->pos;
    n = conn->end - conn->start;

    if (used + size > NGX_GW_REDIS_MAX_BUFFER) {
        return NGX_ERROR;
    }

    if (used + size <= n / 2) {
        ngx_memmove(conn->start, conn->pos, used);
        conn->pos = conn->start;
        conn->last = conn->start + used;
        return NGX_OK;
    }

    n = n ? n : NGX_GW_REDIS_BUFFER;

    while (n < used + size) {
        n *= 2;
    }

    p = ngx_alloc(n, &conn->node->redis->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (conn->start) {
        ngx_memcpy(p, conn->pos, used);
        ngx_free(conn->start);
    }

    conn->start = p;
    conn->pos = p;
    conn->last = p + used;
    conn->end = p + n;

    return NGX_OK;
}


static void
ngx_gw_redis_conn_flush_handler(ngx_event_t *ev)
{
    ngx_gw_redis_conn_flush(ev->data);
}


static void
ngx_gw_redis_conn_write_handler(ngx_event_t *wev)
{
    ngx_connection_t  *c;

    c = wev->data;

    ngx_gw_redis_conn_flush(c->data);
}


static void
ngx_gw_redis_conn_flush(ngx_gw_redis_conn_t *conn)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = conn->connection;

    while (conn->pos < conn->last) {

        n = c->send(c, conn->pos, conn->last - conn->pos);

        if (n == NGX_AGAIN) {

            if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
                ngx_gw_redis_conn_fail(conn, 0, "could not be written to");
            }

            return;
        }

        if (n <= 0) {
            ngx_gw_redis_conn_fail(conn, 0, "closed the connection");
            return;
        }

        conn->pos += n;
    }

    conn->pos = conn->start;
    conn->last = conn->start;

    if (conn->end - conn->start > NGX_GW_REDIS_KEPT_BUFFER) {
        ngx_free(conn->start);
        conn->start = NULL;
        conn->pos = NULL;
        conn->last = NULL;
        conn->end = NULL;
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        ngx_gw_redis_conn_fail(conn, 0, "could not be written to");
    }
}


static void
ngx_gw_redis_conn_read_handler(ngx_event_t *rev)
{
    ngx_connection_t     *c;
    ngx_gw_redis_conn_t  *conn;

    c = rev->data;
    conn = c->data;

    if (c->close) {
        ngx_gw_redis_conn_close(conn);
        return;
    }

    do {
        if (ngx_gw_redis_conn_read(conn, c) != NGX_OK) {
            return;
        }

    } while (rev->ready);

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_gw_redis_conn_fail(conn, 0, "could not be read from");
        return;
    }

    if (conn->ncalls) {
        return;
    }

    if (ngx_exiting) {
        ngx_gw_redis_conn_close(conn);
        return;
    }

    if (!conn->node->used && !conn->node->sentinel) {
        /* that was the last that its node was kept for */
        ngx_post_event(&conn->node->redis->sweep, &ngx_posted_events);
        return;
    }

    c->idle = 1;
}


/* NGX_DONE: the connection is closed; NGX_AGAIN: no more can be read */

static ngx_int_t
ngx_gw_redis_conn_read(ngx_gw_redis_conn_t *conn, ngx_connection_t *c)
{
    ssize_t          n;
    ngx_gw_redis_t  *redis;

    redis = conn->node->redis;

    n = c->recv(c, redis->buffer, sizeof(redis->buffer));

    if (n == NGX_AGAIN) {
        return NGX_OK;
    }

    if (n <= 0) {
        ngx_gw_redis_conn_fail(conn, 0, "closed the connection");
        return NGX_DONE;
    }

    if (ngx_gw_redis_reader_feed(conn->reader, redis->buffer, n) != NGX_OK) {
        ngx_gw_redis_conn_fail(conn, 0, "found no memory");
        return NGX_DONE;
    }

    return ngx_gw_redis_conn_replies(conn);
}


static ngx_int_t
ngx_gw_redis_conn_replies(ngx_gw_redis_conn_t *conn)
{
    size_t                 size;
    ngx_int_t              rc;
    ngx_uint_t             closed;
    ngx_queue_t           *q;
    ngx_gw_redis_call_t   *call;
    ngx_gw_redis_reply_t  *reply;

    closed = conn->closed;

    for ( ;; ) {
        call = NULL;
        size = NGX_GW_REDIS_MAX_REPLY;

        if (!ngx_queue_empty(&conn->calls)) {
            q = ngx_queue_head(&conn->calls);
            call = ngx_queue_data(q, ngx_gw_redis_call_t, queue);

            if (call->map) {
                size = NGX_GW_REDIS_MAX_MAP;
            }
        }

        rc = ngx_gw_redis_reader_next(conn->reader, size, &reply);

        if (rc == NGX_AGAIN) {
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            ngx_gw_redis_conn_fail(conn, 0,
                                   ngx_gw_redis_reader_error(conn->reader));
            return NGX_DONE;
        }

        if (call == NULL) {
            ngx_gw_redis_conn_fail(conn, 0, "said what it was not asked");
            return NGX_DONE;
        }

        ngx_queue_remove(&call->queue);
        conn->ncalls--;
        conn->answered |= (conn->state == NGX_GW_REDIS_READY);

        call->done(call, reply);

        /* maybe opened again, by the same ngx_connection_t */

        if (conn->closed != closed) {
            return NGX_DONE;
        }

        if (conn->broken) {
            ngx_gw_redis_conn_fail(conn, 0, conn->broken);
            return NGX_DONE;
        }
    }
}


/* a connection that never gets ready, or whose replies do not come */

static void
ngx_gw_redis_conn_timer_handler(ngx_event_t *ev)
{
    uint64_t              now, patience, since;
    ngx_queue_t          *q;
    ngx_gw_redis_call_t  *call;
    ngx_gw_redis_conn_t  *conn;

    conn = ev->data;

    if (conn->state != NGX_GW_REDIS_READY) {
        ngx_gw_redis_conn_fail(conn, NGX_ETIMEDOUT,
                               (conn->state == NGX_GW_REDIS_GREETING)
                               ? "did not answer AUTH, SELECT or ROLE"
                               : "could not be connected to");
        return;
    }

    if (ngx_queue_empty(&conn->calls)) {
        return;
    }

    q = ngx_queue_head(&conn->calls);
    call = ngx_queue_data(q, ngx_gw_redis_call_t, queue);

    now = ngx_gw_redis_now();
    since = now - call->start;
    patience = ngx_gw_redis_conn_patience(conn);

    if (since >= patience) {
        ngx_gw_redis_conn_fail(conn, NGX_ETIMEDOUT, "did not answer");
        return;
    }

    ngx_add_timer(ev, (ngx_msec_t) ((patience - since) / 1000 + 1));
}


/* microseconds, longer than any call waits */

static uint64_t
ngx_gw_redis_conn_patience(ngx_gw_redis_conn_t *conn)
{
    return (uint64_t) 1000 * ngx_max(10 * conn->node->redis->conf->timeout,
                                     1000);
}


/* of a reply that is that small, a part alone means that the rest is lost */

void
ngx_gw_redis_conn_late(ngx_gw_redis_conn_t *conn)
{
    ngx_queue_t          *q;
    ngx_gw_redis_call_t  *call;

    if (conn->state != NGX_GW_REDIS_READY || ngx_queue_empty(&conn->calls)
        || !ngx_gw_redis_reader_partial(conn->reader))
    {
        return;
    }

    q = ngx_queue_head(&conn->calls);
    call = ngx_queue_data(q, ngx_gw_redis_call_t, queue);

    if (!call->map) {
        ngx_gw_redis_conn_fail(conn, NGX_ETIMEDOUT, "answered in part");
    }
}


ngx_uint_t
ngx_gw_redis_conn_stuck(ngx_gw_redis_conn_t *conn)
{
    ngx_queue_t          *q;
    ngx_gw_redis_call_t  *call;

    if (conn->state != NGX_GW_REDIS_READY || ngx_queue_empty(&conn->calls)) {
        return 0;
    }

    for (q = ngx_queue_head(&conn->calls);
         q != ngx_queue_sentinel(&conn->calls);
         q = ngx_queue_next(q))
    {
        call = ngx_queue_data(q, ngx_gw_redis_call_t, queue);

        if (!call->expired) {
            return 0;
        }
    }

    return 1;
}


void
ngx_gw_redis_conn_fail(ngx_gw_redis_conn_t *conn, ngx_err_t err,
    const char *what)
{
    u_char                buf[256], *p;
    ngx_str_t             text;
    ngx_uint_t            failed;
    ngx_gw_redis_t       *redis;
    ngx_gw_redis_node_t  *node;

    node = conn->node;
    redis = node->redis;

    p = ngx_slprintf(buf, buf + 64, "%s", what);

    if (err) {
        p = ngx_slprintf(p, buf + sizeof(buf), " (%d: ", err);
        p = ngx_strerror(err, p, buf + sizeof(buf) - 1 - p);
        *p++ = ')';
    }

    text.data = buf;
    text.len = p - buf;

    /* nobody has lost anything when an idle one is closed */

    failed = (conn->ncalls || conn->state != NGX_GW_REDIS_READY);

    if (conn->state != NGX_GW_REDIS_READY || !conn->answered) {
        ngx_gw_redis_node_backoff(node);
    }

    if (failed) {
        ngx_gw_redis_guard_failed(redis, &node->guard, conn->trial, 0, &text);
    }

    ngx_gw_redis_conn_close(conn);

    if (failed && !node->sentinel) {
        ngx_gw_redis_ask(redis);
    }

    if (!node->used && !node->seed && !redis->exiting) {
        ngx_post_event(&redis->sweep, &ngx_posted_events);
    }
}


void
ngx_gw_redis_conn_close(ngx_gw_redis_conn_t *conn)
{
    ngx_pool_t           *pool;
    ngx_queue_t          *q, calls;
    ngx_connection_t     *c;
    ngx_gw_redis_call_t  *call;

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, &conn->node->redis->log, 0,
                   "gw redis \"%V\": closing %V",
                   &conn->node->redis->conf->name, &conn->node->name);

    c = conn->connection;

    if (c) {

#if (NGX_SSL)
        if (c->ssl) {
            ngx_gw_redis_ssl_close(c);
        }
#endif

        pool = c->pool;
        ngx_close_connection(c);
        conn->connection = NULL;

        if (pool) {
            ngx_destroy_pool(pool);
        }
    }

    if (conn->flush.posted) {
        ngx_delete_posted_event(&conn->flush);
    }

    if (conn->timer.timer_set) {
        ngx_del_timer(&conn->timer);
    }

    if (conn->reader) {
        ngx_gw_redis_reader_destroy(conn->reader);
        conn->reader = NULL;
    }

    if (conn->start) {
        ngx_free(conn->start);
        conn->start = NULL;
        conn->pos = NULL;
        conn->last = NULL;
        conn->end = NULL;
    }

    /* whoever ends now may make another call, and that may open it again */

    ngx_queue_init(&calls);

    if (!ngx_queue_empty(&conn->calls)) {
        ngx_queue_add(&calls, &conn->calls);
        ngx_queue_init(&conn->calls);
    }

    if (!ngx_queue_empty(&conn->pending)) {
        ngx_queue_add(&calls, &conn->pending);
        ngx_queue_init(&conn->pending);
    }

    conn->state = NGX_GW_REDIS_CLOSED;
    conn->closed++;
    conn->ncalls = 0;
    conn->greetings = 0;
    conn->broken = NULL;

    while (!ngx_queue_empty(&calls)) {
        q = ngx_queue_head(&calls);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, ngx_gw_redis_call_t, queue);
        call->done(call, NULL);
    }
}


void
ngx_gw_redis_conn_done(ngx_gw_redis_conn_t *conn)
{
    ssize_t               n;
    ngx_uint_t            i;
    ngx_queue_t          *q;
    ngx_gw_redis_t       *redis;
    ngx_connection_t     *c;
    ngx_gw_redis_call_t  *call;

    redis = conn->node->redis;
    c = conn->connection;

    if (conn->state == NGX_GW_REDIS_READY && !c->error) {

        if (conn->pos < conn->last) {
            (void) c->send(c, conn->pos, conn->last - conn->pos);
        }

        /* closed with something unread, it would be reset before it is read */

        for (i = 0; i < 64; i++) {
            n = c->recv(c, redis->buffer, sizeof(redis->buffer));

            if (n <= 0) {
                break;
            }
        }
    }

    for (q = ngx_queue_head(&conn->calls);
         q != ngx_queue_sentinel(&conn->calls);
         q = ngx_queue_next(q))
    {
        call = ngx_queue_data(q, ngx_gw_redis_call_t, queue);
        call->handler = NULL;
    }

    for (q = ngx_queue_head(&conn->pending);
         q != ngx_queue_sentinel(&conn->pending);
         q = ngx_queue_next(q))
    {
        call = ngx_queue_data(q, ngx_gw_redis_call_t, queue);
        call->handler = NULL;
    }

    ngx_gw_redis_conn_close(conn);
}
