
/*
 * What the files of ngx_http_gw_auth_module share: configuration, what is
 * known of a request, and who calls whom.
 */


#ifndef _NGX_HTTP_GW_JWT_H_INCLUDED_
#define _NGX_HTTP_GW_JWT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_gw_jwt.h"
#include "ngx_gw_jwt_cache.h"
#include "ngx_gw_jwt_claims.h"
#include "ngx_http_gw_problem.h"


#define NGX_HTTP_GW_JWT_MAX_ENTRIES   (16 * 1024 * 1024)
#define NGX_HTTP_GW_JWT_MAX_INTERVAL  (12 * 86400)  /* two make a timer */
#define NGX_HTTP_GW_JWT_MAX_ANSWER    (1024 * 1024)


/* where the token is looked for */
#define NGX_HTTP_GW_JWT_BEARER    0
#define NGX_HTTP_GW_JWT_HEADER    1         /* token=$http_name */
#define NGX_HTTP_GW_JWT_COOKIE    2         /* token=$cookie_name */
#define NGX_HTTP_GW_JWT_ARG       3         /* token=$arg_name */
#define NGX_HTTP_GW_JWT_VARIABLE  4         /* token=$another */


typedef struct ngx_http_gw_jwt_ctx_s    ngx_http_gw_jwt_ctx_t;
typedef struct ngx_http_gw_jwt_fetch_s  ngx_http_gw_jwt_fetch_t;
typedef struct ngx_http_gw_jwt_waiter_s ngx_http_gw_jwt_waiter_t;


/* gw_jwt_key_request, as written */
typedef struct {
    ngx_str_t                    uri;
    ngx_str_t                    issuer;
    time_t                       interval;      /* seconds, all three */
    time_t                       stale;
    time_t                       cooldown;
    size_t                       max_size;
} ngx_http_gw_jwt_key_request_t;


/*
 * Which keys, which algorithms.  Levels that agree in both share one, and
 * its id, with the generations of its sources, names the verdict in the cache.
 */
typedef struct {
    ngx_uint_t                   id;
    uint32_t                     algs;
    ngx_uint_t                   nsources;
    ngx_gw_jwt_source_t        **sources;
    ngx_uint_t                   requests;      /* of the sources */
} ngx_http_gw_jwt_verifier_t;


/* one gw_jwt_require */
typedef struct {
    ngx_array_t                  values;        /* ngx_http_complex_value_t */
    ngx_uint_t                   error;         /* HTTP status */
} ngx_http_gw_jwt_require_t;


/* one gw_jwt_require_claim */
typedef struct {
    ngx_str_t                    text;          /* of the path */
    ngx_gw_json_path_t           path;
    ngx_uint_t                   op;
    ngx_array_t                  values;        /* ngx_http_complex_value_t */
    ngx_str_t                   *constants;     /* or NULL: has variables */
    ngx_uint_t                   error;         /* HTTP status */
} ngx_http_gw_jwt_claim_rule_t;


/*
 * All that is asked for where gw_jwt is on.  Levels without a directive of
 * their own share the policy of the level above: the same pointer means the
 * same configuration.
 */
typedef struct {
    ngx_str_t                    realm;         /* fit for a quoted-string */
    ngx_uint_t                   optional;

    ngx_uint_t                   from;
    ngx_str_t                    name;          /* of header, cookie, arg */
    ngx_int_t                    index;         /* of the variable */

    ngx_http_gw_jwt_verifier_t  *verifier;
    ngx_gw_jwt_rules_t           rules;
    ngx_array_t                 *require;       /* or NULL */
    ngx_array_t                 *claim_rules;   /* or NULL */

    size_t                       max_token;
    ngx_flag_t                   forward;

    /* whether a subrequest's verdict may be another than its main request's */
    ngx_uint_t                   variable;
} ngx_http_gw_jwt_policy_t;


typedef struct {
    ngx_flag_t                   enable;
    ngx_str_t                    realm;
    ngx_uint_t                   optional;
    ngx_str_t                    variable;      /* of token=, without "$" */
    ngx_int_t                    index;

    ngx_array_t                 *key_files;     /* ngx_gw_jwt_source_t * */
    ngx_array_t                 *key_requests;
    ngx_uint_t                   algs;          /* mask */

    ngx_array_t                 *types;         /* ngx_str_t, all three */
    ngx_array_t                 *issuers;
    ngx_array_t                 *audiences;
    time_t                       leeway;
    ngx_flag_t                   require_exp;
    time_t                       max_lifetime;
    ngx_array_t                 *require;
    ngx_array_t                 *claim_rules;

    size_t                       max_token;
    ngx_flag_t                   forward;

    ngx_http_gw_jwt_policy_t    *policy;        /* NULL: off */
} ngx_http_gw_jwt_loc_conf_t;


/* a file of keys that has been read for this configuration */
typedef struct {
    ngx_str_t                    name;
    ngx_gw_jwk_set_t            *set;
} ngx_http_gw_jwt_file_t;


typedef struct {
    ngx_uint_t                   enabled;       /* anywhere */
    ngx_int_t                    request_id;    /* index of $request_id */

    ngx_array_t                  files;         /* that have been read */
    ngx_array_t                  verifiers;
    ngx_array_t                  fetches;       /* ngx_http_gw_jwt_fetch_t * */

    ngx_flag_t                   cache_on;
    ngx_uint_t                   cache_entries;
    size_t                       cache_memory;

    ngx_http_gw_error_t          error;

    /* the worker's */
    ngx_gw_jwt_parser_t          parser;
    ngx_gw_jwt_cache_t           cache;
} ngx_http_gw_jwt_main_conf_t;


/*
 * What is known of a request.  It is found again after an internal redirect,
 * which clears the module's ctx, by the cleanup of the pool it lives in.
 */
struct ngx_http_gw_jwt_ctx_s {
    ngx_http_request_t          *request;
    ngx_http_gw_jwt_policy_t    *policy;        /* it was judged by last */
    ngx_gw_jwt_entry_t          *entry;         /* its token, if verified */

    ngx_uint_t                   status;        /* NGX_GW_JWT_... */

    ngx_uint_t                   denied;        /* answer to that; 0: none */
    ngx_uint_t                   reason;        /* status that led to it */
    time_t                       retry;         /* for Retry-After */

    ngx_list_t                  *headers;       /* with the token, if it has
                                                   been stripped */
    ngx_http_gw_problem_t        problem;

    ngx_http_gw_jwt_fetch_t     *fetch;         /* whose request this is */
    ngx_http_gw_jwt_waiter_t    *waiter;        /* if it has ever waited */

    unsigned                     here:1;        /* denied since the last
                                                   redirect, if any */
    unsigned                     exempt:1;      /* a fetch of keys */
    unsigned                     claims:1;      /* may be read */
};


extern ngx_module_t  ngx_http_gw_auth_module;


/* ngx_http_gw_jwt_conf.c */

char *ngx_http_gw_jwt(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_gw_jwt_key_file(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_gw_jwt_key_request(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_gw_jwt_algorithms(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_gw_jwt_list(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_gw_jwt_require(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_gw_jwt_require_claim(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_gw_jwt_cache(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


/* ngx_http_gw_jwt_access.c */

ngx_int_t ngx_http_gw_jwt_access_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_gw_jwt_precontent_handler(ngx_http_request_t *r);

/* what is known of r: NULL if nothing is */
ngx_http_gw_jwt_ctx_t *ngx_http_gw_jwt_get_ctx(ngx_http_request_t *r);

/* the same, created if need be, as the module's ctx; NULL: no memory */
ngx_http_gw_jwt_ctx_t *ngx_http_gw_jwt_make_ctx(ngx_http_request_t *r);


/* ngx_http_gw_jwt_token.c */

/*
 * The token of the request.  NGX_OK; NGX_DECLINED: it has none; NGX_ABORT: it
 * has several, or an empty one.
 */
ngx_int_t ngx_http_gw_jwt_get_token(ngx_http_request_t *r,
    ngx_http_gw_jwt_policy_t *policy, ngx_str_t *token);

/*
 * Takes what carried the token out of the headers that go to the service,
 * leaving r->headers_in's pointers to single headers alone.  NGX_OK, or the
 * status to answer with.
 */
ngx_int_t ngx_http_gw_jwt_strip_token(ngx_http_request_t *r,
    ngx_http_gw_jwt_ctx_t *ctx, ngx_str_t *token);

/* puts it back, where it is ctx->headers that has all of them */
void ngx_http_gw_jwt_restore_token(ngx_http_request_t *r,
    ngx_http_gw_jwt_ctx_t *ctx);


/* ngx_http_gw_jwt_variables.c */

ngx_int_t ngx_http_gw_jwt_add_variables(ngx_conf_t *cf);
char *ngx_http_gw_jwt_claim_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/* ngx_http_gw_jwt_reply.c */

ngx_int_t ngx_http_gw_jwt_reply_init(ngx_conf_t *cf);


/* ngx_http_gw_jwt_fetch.c */

/* the source that fetches so for the server being configured */
ngx_gw_jwt_source_t *ngx_http_gw_jwt_fetch_source(ngx_conf_t *cf,
    ngx_http_gw_jwt_key_request_t *kr);

/*
 * r wants keys that source does not have: starts a fetch or joins the one
 * under way.  NGX_AGAIN: r waits, its phase handler will run again;
 * NGX_DECLINED: too early to fetch again, and ctx->retry says by how much;
 * NGX_ERROR.
 */
ngx_int_t ngx_http_gw_jwt_fetch_wait(ngx_http_request_t *r,
    ngx_http_gw_jwt_ctx_t *ctx, ngx_gw_jwt_source_t *source);

ngx_int_t ngx_http_gw_jwt_fetch_init_process(ngx_cycle_t *cycle,
    ngx_http_gw_jwt_main_conf_t *jmcf);


/* ngx_http_gw_jwt_request.c */

/* filters that take the answers to fetches */
ngx_int_t ngx_http_gw_jwt_request_filter_init(ngx_conf_t *cf);


#endif /* _NGX_HTTP_GW_JWT_H_INCLUDED_ */
