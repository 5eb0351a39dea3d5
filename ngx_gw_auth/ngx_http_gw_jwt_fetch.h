
/* A source of keys that are fetched: its schedule and its request. */


#ifndef _NGX_HTTP_GW_JWT_FETCH_H_INCLUDED_
#define _NGX_HTTP_GW_JWT_FETCH_H_INCLUDED_


#include "ngx_http_gw_jwt.h"


struct ngx_http_gw_jwt_fetch_s {
    ngx_gw_jwt_source_t             source;
    ngx_http_gw_jwt_key_request_t   conf;
    ngx_str_t                       uri;         /* conf.uri without args */
    ngx_str_t                       args;
    ngx_http_core_srv_conf_t       *cscf;        /* whose location it is */

    /* the worker's; the set in use */
    ngx_pool_t                     *pool;
    ngx_str_t                       text;        /* it was loaded from */
    ngx_event_t                     expire;      /* drops it */

    ngx_event_t                     start;       /* the next fetch */
    time_t                          cooled;      /* when one may be asked for */
    ngx_queue_t                     waiters;
    unsigned                        failing:1;   /* and that has been said */

    /* the fetch under way */
    ngx_http_request_t             *request;     /* main, NULL: none */
    ngx_socket_t                    peer;
    ngx_event_t                     timeout;
    ngx_buf_t                      *body;
    const char                     *failure;
    ngx_uint_t                      status;      /* that came */
    unsigned                        busy:1;      /* under way, or will be */
    unsigned                        asked:1;     /* for by a request */
    unsigned                        complete:1;  /* the last byte has come */

    /* the loading of what came */
    ngx_event_t                     step;
    ngx_gw_jwk_load_t               load;
    ngx_str_t                       new_text;
    unsigned                        loading:1;
};


/* a request that waits for keys, or has been woken */
struct ngx_http_gw_jwt_waiter_s {
    ngx_http_request_t             *request;
    ngx_queue_t                     queue;       /* of the fetch */
    ngx_event_t                     wake;
    unsigned                        queued:1;
};


/* ngx_http_gw_jwt_request.c */

/*
 * Makes the request.  NGX_OK: it is under way, or over already; NGX_ERROR: it
 * could not be made, and ended() is not called.
 */
ngx_int_t ngx_http_gw_jwt_request_open(ngx_http_gw_jwt_fetch_t *f);

/* gives it up, if it is under way: ended() has been called on return */
void ngx_http_gw_jwt_request_abort(ngx_http_gw_jwt_fetch_t *f,
    const char *why);


/* ngx_http_gw_jwt_fetch.c */

/*
 * The request is over: f->failure says what went wrong, else f->body has what
 * came, in memory that goes when this returns.
 */
void ngx_http_gw_jwt_fetch_ended(ngx_http_gw_jwt_fetch_t *f);


#endif /* _NGX_HTTP_GW_JWT_FETCH_H_INCLUDED_ */
