
/*
 * What the files of the client share.
 *
 * A redis has nodes, a node has connections, a connection has calls: those
 * written, in the order in which replies come, and those that wait until its
 * user has been accepted.  All of it is the worker's own, except breakers.
 */


#ifndef _NGX_GW_REDIS_INTERNAL_H_INCLUDED_
#define _NGX_GW_REDIS_INTERNAL_H_INCLUDED_


#include "ngx_gw_redis.h"
#include "ngx_gw_redis_slots.h"

#include <ngx_event_connect.h>


/* calls under way on a connection, and those that wait for an address */
#define NGX_GW_REDIS_MAX_CALLS   16384

/* bytes that wait to be sent on a connection */
#define NGX_GW_REDIS_MAX_BUFFER  (8 * 1024 * 1024)

/* of a script, or any other command but CLUSTER SLOTS */
#define NGX_GW_REDIS_MAX_REPLY   (128 * 1024)
#define NGX_GW_REDIS_MAX_MAP     (32 * 1024 * 1024)

/* breakers in shared memory, and the nodes of a Cluster */
#define NGX_GW_REDIS_BREAKERS    1024
#define NGX_GW_REDIS_MAX_NODES   1024

/* redirections that a call follows */
#define NGX_GW_REDIS_MAX_HOPS    5

/* the longest words of a command: those of a script and its arguments */
#define NGX_GW_REDIS_MAX_ARGV    (NGX_GW_REDIS_MAX_ARGS + 4)

/* milliseconds between questions for addresses; Sentinels are asked again */
#define NGX_GW_REDIS_ASK_EVERY   1000
#define NGX_GW_REDIS_ASK_AGAIN   10000

/* and between attempts to connect */
#define NGX_GW_REDIS_MIN_BACKOFF 50
#define NGX_GW_REDIS_MAX_BACKOFF 2000


typedef struct ngx_gw_redis_node_s  ngx_gw_redis_node_t;
typedef struct ngx_gw_redis_conn_s  ngx_gw_redis_conn_t;


/*
 * In shared memory, without a lock: each member is read and written by
 * itself.  Times are milliseconds of the monotonic clock.
 */
typedef struct {
    ngx_atomic_t             key;          /* of the address; 0: free */
    ngx_atomic_t             used;         /* about when */
    ngx_atomic_t             failures;     /* in a row */
    ngx_atomic_t             until;        /* not asked; 0: closed */
    ngx_atomic_t             trial;        /* by then it has ended, or whoever
                                              made it; 0: none */
    ngx_atomic_t             told;         /* that it refuses us */
    ngx_atomic_t             unused[2];
} ngx_gw_redis_breaker_t;


typedef struct {
    uint64_t                 layout;       /* version and size */
    u_char                   id[16];       /* of this gateway */
    ngx_atomic_t             gateways;     /* when last asked */
    ngx_atomic_t             beat;         /* not asked before */
    ngx_atomic_t             heard;        /* an answer to it, or not yet */
    ngx_gw_redis_breaker_t   breakers[NGX_GW_REDIS_BREAKERS];
} ngx_gw_redis_shared_t;


/* a worker's view of a breaker */
typedef struct {
    ngx_gw_redis_breaker_t  *breaker;
    ngx_gw_redis_breaker_t   own;          /* while there is no other */
    ngx_atomic_uint_t        key;
    ngx_str_t                name;         /* in log lines */
    unsigned                 quiet:1;      /* no warnings */
    unsigned                 seen_open:1;
} ngx_gw_redis_guard_t;


/* a command has ended; NULL: without a reply, its connection is closed */
typedef void (*ngx_gw_redis_done_pt)(ngx_gw_redis_call_t *call,
    ngx_gw_redis_reply_t *reply);


struct ngx_gw_redis_call_s {
    ngx_queue_t              queue;        /* of its connection, or those that
                                              wait for an address */
    ngx_queue_t              waiting;      /* by deadline */
    ngx_gw_redis_t          *redis;
    ngx_gw_redis_conn_t     *conn;
    ngx_gw_redis_script_t   *script;       /* NULL: another command */
    ngx_gw_redis_handler_pt  handler;
    void                    *data;
    ngx_gw_redis_done_pt     done;
    uint64_t                 start;        /* us, monotonic */

    uint16_t                 slot;
    unsigned                 hops:4;
    unsigned                 queued:1;     /* has a deadline */
    unsigned                 awaited:1;    /* somebody waits for it */
    unsigned                 background:1; /* nobody does */
    unsigned                 expired:1;
    unsigned                 trial:1;      /* a breaker waits for it */
    unsigned                 forgotten:1;  /* by who waited for it */
    unsigned                 eval:1;       /* with the script's text */
    unsigned                 asking:1;
    unsigned                 map:1;        /* its reply may be large */
    unsigned                 large:1;      /* not kept for reuse */

    ngx_uint_t               argc;
    const char             **argv;
    size_t                  *argvlen;
    u_char                   space[512];   /* of these, or beyond */
};


/* states of a connection */
#define NGX_GW_REDIS_CLOSED      0
#define NGX_GW_REDIS_CONNECTING  1
#define NGX_GW_REDIS_GREETING    2         /* AUTH, SELECT, ROLE */
#define NGX_GW_REDIS_READY       3

struct ngx_gw_redis_conn_s {
    ngx_gw_redis_node_t     *node;
    ngx_peer_connection_t    peer;
    ngx_connection_t        *connection;
    ngx_gw_redis_reader_t   *reader;
    ngx_uint_t               state;

    u_char                  *start;        /* what is to be sent */
    u_char                  *pos;
    u_char                  *last;
    u_char                  *end;

    ngx_queue_t              calls;        /* written, by order of replies */
    ngx_queue_t              pending;      /* until READY */
    ngx_uint_t               ncalls;       /* of both */
    ngx_uint_t               greetings;    /* without a reply so far */
    ngx_uint_t               closed;       /* so often: tells a connection
                                              from the one after it */

    ngx_event_t              flush;
    ngx_event_t              timer;
    const char              *broken;       /* why it is to be closed */
    unsigned                 answered:1;
    unsigned                 trial:1;      /* a breaker waits for it to open */
};


struct ngx_gw_redis_node_s {
    ngx_queue_t              queue;
    ngx_gw_redis_t          *redis;
    ngx_gw_redis_guard_t     guard;
    ngx_sockaddr_t           sockaddr;
    socklen_t                socklen;
    ngx_str_t                name;         /* address:port */
    ngx_str_t                host;         /* for TLS */
    ngx_uint_t               port;
    uint64_t                 failed;       /* ms: the last connect */
    uint64_t                 retry;        /* no other before */
    ngx_msec_t               backoff;

#if (NGX_SSL)
    ngx_ssl_session_t       *session;
#endif

    unsigned                 sentinel:1;
    unsigned                 seed:1;       /* from the configuration */
    unsigned                 used:1;       /* in the map, or the master */

    ngx_uint_t               nconns;
    ngx_gw_redis_conn_t      conns[1];
};


/* whom a Cluster or the Sentinels are asked for addresses, one at a time */
typedef struct {
    ngx_event_t              timer;
    ngx_gw_redis_call_t     *call;         /* under way */
    ngx_gw_redis_guard_t     guard;
    ngx_queue_t              calls;        /* wait for the first answer */
    ngx_uint_t               ncalls;
    ngx_uint_t               next;         /* server, in turn */
    ngx_uint_t               tries;        /* left */
    uint64_t                 started;      /* ms */
    unsigned                 busy:1;
    unsigned                 again:1;      /* asked for meanwhile */
    unsigned                 trial:1;
} ngx_gw_redis_ask_t;


struct ngx_gw_redis_s {
    ngx_gw_redis_conf_t     *conf;
    ngx_gw_redis_shared_t   *shared;
    ngx_cycle_t             *cycle;
    ngx_log_t                log;
    ngx_log_t                conn_log;     /* nginx's, of connections */

    ngx_queue_t              nodes;
    ngx_gw_redis_node_t    **seeds;        /* in the order of servers */
    ngx_gw_redis_node_t     *master;       /* not of a Cluster */
    ngx_gw_redis_node_t    **map;          /* of a Cluster, by slot */
    ngx_uint_t               mapped;       /* it has been had */
    ngx_gw_redis_ask_t       ask;
    ngx_event_t              sweep;        /* nodes that are gone */
    ngx_uint_t               exiting;

    ngx_queue_t              waiting;      /* calls by deadline */
    ngx_uint_t               awaited;
    ngx_event_t              timer;

    ngx_queue_t              free;         /* calls */
    ngx_uint_t               nfree;

    ngx_str_t                gateways;     /* the key without prefix */
    ngx_event_t              beat;         /* the second */
    u_char                   buffer[16384];
};


/* the monotonic clock, microseconds and milliseconds */
uint64_t ngx_gw_redis_now(void);
#define ngx_gw_redis_now_ms()  (ngx_gw_redis_now() / 1000)


/* ngx_gw_redis.c: calls */

/* another command; NULL: no memory */
ngx_gw_redis_call_t *ngx_gw_redis_command(ngx_gw_redis_t *redis,
    ngx_gw_redis_done_pt done, ngx_uint_t argc, ngx_str_t *argv);
/* sends a call that has been under way where it now belongs, or ends it */
void ngx_gw_redis_resend(ngx_gw_redis_call_t *call, ngx_gw_redis_node_t *node);
void ngx_gw_redis_end(ngx_gw_redis_call_t *call, ngx_gw_redis_reply_t *reply);
void ngx_gw_redis_free(ngx_gw_redis_call_t *call);


/* ngx_gw_redis_breaker.c */

void ngx_gw_redis_guard_init(ngx_gw_redis_t *redis,
    ngx_gw_redis_guard_t *guard);
/* NGX_OK; NGX_AGAIN: for a trial, which must end; NGX_DECLINED: not now */
ngx_int_t ngx_gw_redis_guard_allow(ngx_gw_redis_t *redis,
    ngx_gw_redis_guard_t *guard, uint64_t now);
void ngx_gw_redis_guard_answered(ngx_gw_redis_t *redis,
    ngx_gw_redis_guard_t *guard, ngx_uint_t trial);
/*
 * what: of the failure, in a log line; NULL: it has been counted already.
 * enough: it need not be repeated.
 */
void ngx_gw_redis_guard_failed(ngx_gw_redis_t *redis,
    ngx_gw_redis_guard_t *guard, ngx_uint_t trial, ngx_uint_t enough,
    ngx_str_t *what);
/* the trial was not made */
void ngx_gw_redis_guard_release(ngx_gw_redis_guard_t *guard);
/* a message that is not to be repeated until there is an answer */
ngx_uint_t ngx_gw_redis_guard_tell(ngx_gw_redis_guard_t *guard);


/* ngx_gw_redis_node.c */

/* the node of this address, a new one if there is none; NULL: no memory */
ngx_gw_redis_node_t *ngx_gw_redis_node_get(ngx_gw_redis_t *redis,
    struct sockaddr *sockaddr, socklen_t socklen, ngx_str_t *host,
    ngx_uint_t sentinel);
/* its address is a literal; NULL also: it is none */
ngx_gw_redis_node_t *ngx_gw_redis_node_find(ngx_gw_redis_t *redis,
    ngx_str_t *text, ngx_uint_t port, ngx_str_t *host);
/*
 * A connection for a call, opened if need be; NULL: there is none now.  *trial
 * says whether the call is a trial.
 */
ngx_gw_redis_conn_t *ngx_gw_redis_node_conn(ngx_gw_redis_node_t *node,
    ngx_uint_t slot, uint64_t now, ngx_uint_t *trial);
void ngx_gw_redis_node_backoff(ngx_gw_redis_node_t *node);
/* closes and frees what is no longer used, when that can be done */
void ngx_gw_redis_node_sweep(ngx_gw_redis_t *redis);
void ngx_gw_redis_node_destroy(ngx_gw_redis_node_t *node);


/* ngx_gw_redis_conn.c */

ngx_int_t ngx_gw_redis_conn_open(ngx_gw_redis_conn_t *conn);
/* the call is written, or waits to be; NGX_ERROR: too much does */
ngx_int_t ngx_gw_redis_conn_add(ngx_gw_redis_conn_t *conn,
    ngx_gw_redis_call_t *call);
/* the socket is connected, and TLS agreed upon */
void ngx_gw_redis_conn_begin(ngx_gw_redis_conn_t *conn);
/* the server has agreed to all that a connection begins with */
void ngx_gw_redis_conn_ready(ngx_gw_redis_conn_t *conn);
/* the call is written, whether READY or not; to be counted by the caller */
ngx_int_t ngx_gw_redis_conn_write(ngx_gw_redis_conn_t *conn,
    ngx_gw_redis_call_t *call);
void ngx_gw_redis_conn_fail(ngx_gw_redis_conn_t *conn, ngx_err_t err,
    const char *what);
/* without a word; its calls end */
void ngx_gw_redis_conn_close(ngx_gw_redis_conn_t *conn);
/* a call on it has not been answered in time */
void ngx_gw_redis_conn_late(ngx_gw_redis_conn_t *conn);
/* whether nobody waits any more for what it does not answer */
ngx_uint_t ngx_gw_redis_conn_stuck(ngx_gw_redis_conn_t *conn);
/* the worker exits: sends what it can; its calls end without handlers */
void ngx_gw_redis_conn_done(ngx_gw_redis_conn_t *conn);


/* ngx_gw_redis_greet.c */

/* READY when the server has agreed to all of it */
void ngx_gw_redis_conn_greet(ngx_gw_redis_conn_t *conn);


#if (NGX_SSL)

/* ngx_gw_redis_ssl.c */

void ngx_gw_redis_ssl_start(ngx_gw_redis_conn_t *conn);
void ngx_gw_redis_ssl_close(ngx_connection_t *c);

#endif


/* ngx_gw_redis_ask.c: where nodes are, of a Cluster and of Sentinels */

ngx_int_t ngx_gw_redis_ask_init(ngx_gw_redis_t *redis);
void ngx_gw_redis_ask_done(ngx_gw_redis_t *redis);
/* something says that what we know has changed */
void ngx_gw_redis_ask(ngx_gw_redis_t *redis);
/* the call waits for the first answer; NGX_ERROR: it is no use */
ngx_int_t ngx_gw_redis_ask_wait(ngx_gw_redis_t *redis,
    ngx_gw_redis_call_t *call, uint64_t now);


/* ngx_gw_redis_cluster.c */

void ngx_gw_redis_cluster_done(ngx_gw_redis_t *redis);
ngx_gw_redis_node_t *ngx_gw_redis_cluster_seed(ngx_gw_redis_t *redis,
    ngx_uint_t n);
ngx_uint_t ngx_gw_redis_cluster_seeds(ngx_gw_redis_t *redis);
ngx_gw_redis_call_t *ngx_gw_redis_cluster_command(ngx_gw_redis_t *redis,
    ngx_gw_redis_done_pt done);
/* NGX_OK: the map has been had from the reply */
ngx_int_t ngx_gw_redis_cluster_reply(ngx_gw_redis_t *redis,
    ngx_gw_redis_node_t *node, ngx_gw_redis_reply_t *reply);
/* NGX_OK: the reply is a redirection, and the call has been sent there */
ngx_int_t ngx_gw_redis_cluster_redirect(ngx_gw_redis_call_t *call,
    ngx_gw_redis_reply_t *reply);


/* ngx_gw_redis_sentinel.c */

ngx_gw_redis_call_t *ngx_gw_redis_sentinel_command(ngx_gw_redis_t *redis,
    ngx_gw_redis_done_pt done);
ngx_int_t ngx_gw_redis_sentinel_reply(ngx_gw_redis_t *redis,
    ngx_gw_redis_node_t *node, ngx_gw_redis_reply_t *reply);


#endif /* _NGX_GW_REDIS_INTERNAL_H_INCLUDED_ */
