
/*
 * ngx_http_gw_aggregate_module: what its files share.
 *
 * An aggregate is a request whose content handler asks parts, each a
 * background subrequest, and answers with a document made from what they
 * gave.  The filters of this module take what a part's request sends; nothing
 * of it reaches the client's connection by itself.
 */


#ifndef _NGX_HTTP_GW_AGGREGATE_H_INCLUDED_
#define _NGX_HTTP_GW_AGGREGATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_md5.h>

#include "ngx_gw_document.h"
#include "ngx_gw_splice.h"
#include "ngx_http_gw_inflate.h"
#include "ngx_http_gw_problem.h"


/* parts of one location: sets of them are bits of a word */
#define NGX_HTTP_GW_AGGREGATE_MAX_PARTS  64

/* aggregates within aggregates */
#define NGX_HTTP_GW_AGGREGATE_MAX_LEVEL  4


typedef uint64_t  ngx_http_gw_parts_t;

#define ngx_http_gw_part_bit(n)  ((ngx_http_gw_parts_t) 1 << (n))


/* what a variable in a text stands for */
typedef enum {
    NGX_HTTP_GW_TEXT_LITERAL = 0,
    NGX_HTTP_GW_TEXT_VARIABLE,     /* nginx's own: goes in as it stands */
    NGX_HTTP_GW_TEXT_CAPTURE,      /* $1: likewise */
    NGX_HTTP_GW_TEXT_DATA,         /* $gw_... of some module */
    NGX_HTTP_GW_TEXT_PICKED,       /* set by gw_part_set */
    NGX_HTTP_GW_TEXT_OUTER,        /* likewise, by an aggregate around it */
    NGX_HTTP_GW_TEXT_PART          /* $gw_part_NAME of a part here */
} ngx_http_gw_piece_e;


typedef struct {
    ngx_http_gw_piece_e         type;
    ngx_str_t                   text;      /* of a literal, name of others */
    ngx_uint_t                  index;     /* of the variable or the part, the
                                              number of the capture */
    ngx_uint_t                  pick;      /* number of it in the part */
    unsigned                    string:1;  /* stands in a string (bodies) */
} ngx_http_gw_piece_t;


/* a text with variables, compiled when all parts are known */
typedef struct {
    ngx_str_t                   source;    /* data NULL: there is no text */
    u_char                     *file;      /* of the configuration */
    ngx_uint_t                  line;
    ngx_http_gw_piece_t        *pieces;
    ngx_uint_t                  npieces;
    ngx_str_t                   value;     /* of one without variables, of a */
    ngx_str_t                   args;      /* URI path and query */
    ngx_uint_t                  constant;
    ngx_http_gw_parts_t         uses;      /* parts whose values stand in it */
    ngx_http_gw_parts_t         after;     /* whose status or time does */
} ngx_http_gw_text_t;


/* how a text's data is encoded */
typedef enum {
    NGX_HTTP_GW_TEXT_PLAIN = 0,    /* as it is */
    NGX_HTTP_GW_TEXT_FIELD,        /* a header's value: no control characters */
    NGX_HTTP_GW_TEXT_URI,          /* a path and a query */
    NGX_HTTP_GW_TEXT_JSON          /* a template of gw_part_body */
} ngx_http_gw_form_e;


typedef struct {
    ngx_str_t                   name;
    ngx_str_t                   lowcase;
    ngx_uint_t                  hash;
    ngx_http_gw_text_t          value;
} ngx_http_gw_part_header_t;


/* a variable of gw_part_set */
typedef struct {
    ngx_str_t                   name;
    ngx_uint_t                  part;
    ngx_uint_t                  pick;
} ngx_http_gw_part_set_t;


typedef enum {
    NGX_HTTP_GW_AS_VALUE = 0,
    NGX_HTTP_GW_AS_MERGE,
    NGX_HTTP_GW_AS_ARRAY,
    NGX_HTTP_GW_AS_STRING
} ngx_http_gw_as_e;


/* a part as it is configured */
typedef struct {
    ngx_str_t                   name;

    ngx_http_gw_text_t          uri;
    ngx_http_gw_text_t          cond;      /* if= */
    ngx_http_gw_text_t          body;      /* body= or gw_part_body */
    ngx_array_t                *headers;   /* ngx_http_gw_part_header_t */

    ngx_str_t                   method_name;
    ngx_uint_t                  method;
    ngx_msec_t                  timeout;   /* NGX_CONF_UNSET_MSEC: none */

    ngx_str_t                   after_names;
    ngx_http_gw_parts_t         after;     /* that must be settled before */
    ngx_http_gw_parts_t         uses;      /* whose values are used */

    ngx_str_t                   fallback;  /* default=; data NULL: none */
    ngx_str_t                   select;
    ngx_str_t                   at;
    ngx_gw_place_t              place;
    ngx_gw_plan_t              *plan;      /* NULL: the whole text */
    ngx_uint_t                  npicks;
    ngx_http_gw_as_e            as;

    uint32_t                    success[20];  /* a bit for each status */

    u_char                     *file;      /* of the configuration */
    ngx_uint_t                  line;

    unsigned                    optional:1;
    unsigned                    planned:1; /* the plan has a line at least */
    unsigned                    pass_body:1;
    unsigned                    template:1;
    unsigned                    concat:1;
    unsigned                    status_from:1;
    unsigned                    cookies:1;
    unsigned                    at_set:1;
} ngx_http_gw_part_t;


typedef struct {
    ngx_int_t                   request_id;    /* index of $request_id */
    ngx_http_gw_error_t         error;
    unsigned                    used:1;    /* some location has parts */
} ngx_http_gw_aggregate_main_conf_t;


typedef struct ngx_http_gw_aggregate_loc_conf_s
    ngx_http_gw_aggregate_loc_conf_t;

struct ngx_http_gw_aggregate_loc_conf_s {
    ngx_flag_t                  enable;
    u_char                     *file;      /* of the configuration, where it */
    ngx_uint_t                  line;      /* says so */

    ngx_array_t                *parts;     /* ngx_http_gw_part_t */
    ngx_array_t                *sets;      /* ngx_http_gw_part_set_t */

    ngx_msec_t                  timeout;
    size_t                      max_part_size;
    size_t                      max_size;
    ngx_int_t                   max_depth;
    ngx_int_t                   concurrency;
    ngx_flag_t                  etag;

    /* whose loop was looked for here, at configuration */
    ngx_http_gw_aggregate_loc_conf_t  *sought;

    ngx_str_t                   errors;    /* len 0: off */
    ngx_gw_place_t              errors_place;

    unsigned                    pass_body:1;   /* some part has it */
};


/* why a part has failed; in the order of ngx_http_gw_aggregate_reasons[] */
typedef enum {
    NGX_HTTP_GW_OK = 0,
    NGX_HTTP_GW_TIMEOUT,
    NGX_HTTP_GW_CONNECT,
    NGX_HTTP_GW_STATUS,
    NGX_HTTP_GW_TRUNCATED,
    NGX_HTTP_GW_ENCODING,
    NGX_HTTP_GW_CHARSET,
    NGX_HTTP_GW_JSON,
    NGX_HTTP_GW_DEPTH,
    NGX_HTTP_GW_SIZE,
    NGX_HTTP_GW_DUPLICATE,
    NGX_HTTP_GW_URI,
    NGX_HTTP_GW_DEPENDENCY
} ngx_http_gw_reason_e;


typedef enum {
    NGX_HTTP_GW_WAITING = 0,
    NGX_HTTP_GW_RUNNING,
    NGX_HTTP_GW_DONE,
    NGX_HTTP_GW_FAILED,
    NGX_HTTP_GW_SKIPPED
} ngx_http_gw_state_e;


/* directives of Cache-Control, of a part or of all of them */
typedef struct {
    time_t                      max_age;   /* -1: none */
    time_t                      s_maxage;
    unsigned                    private:1;
    unsigned                    no_cache:1;
    unsigned                    no_store:1;
    unsigned                    must_revalidate:1;
} ngx_http_gw_cache_control_t;


typedef struct ngx_http_gw_aggregate_s  ngx_http_gw_aggregate_t;


/* a part of one request */
typedef struct {
    ngx_http_gw_part_t         *part;
    ngx_http_gw_aggregate_t    *aggregate;
    ngx_http_request_t         *request;   /* while it runs, else NULL */

    ngx_http_gw_state_e         state;
    ngx_http_gw_reason_e        reason;

    ngx_uint_t                  status;    /* of the answer; 0: none yet */
    ngx_int_t                   refused;   /* status that nginx itself has
                                              decided on; 0: none */
    ngx_msec_t                  start;
    ngx_msec_t                  time;
    ngx_msec_t                  deadline;

    ngx_gw_splice_t            *splice;
    ngx_http_gw_inflate_t      *inflate;
    u_char                     *buffer;    /* that its body is read into, if
                                              it is not the upstream's own */
    size_t                      taken;     /* of it without a pause, where a
                                              buffer counts as some more */
    off_t                       length;    /* of it, as told; -1: not told */
    off_t                       received;  /* of it, before it is decoded */
    ngx_str_t                   raw;       /* as=string: what has come */
    size_t                      raw_size;

    ngx_str_t                   value;     /* what was selected, as JSON */
    ngx_uint_t                  type;
    ngx_str_t                   address;

    ngx_http_gw_cache_control_t cache_control;

    /* values of its fields, ngx_str_t; NULL: none */
    ngx_array_t                *cookies;
    ngx_array_t                *vary;
    ngx_array_t                *authenticate;  /* WWW-Authenticate and */
    ngx_array_t                *retry_after;   /* Retry-After of a failed one
                                                  with status_from=part */

    void                      (*finalize)(ngx_http_request_t *r, ngx_int_t rc);

    unsigned                    timedout:1; /* within the body */
    unsigned                    header:1;  /* has come */
    unsigned                    discard:1; /* what comes is not wanted */
    unsigned                    complete:1; /* its end has come */
    unsigned                    shown:1;   /* Cache-Control was there */
} ngx_http_gw_run_t;


struct ngx_http_gw_aggregate_s {
    ngx_http_request_t         *request;
    ngx_http_gw_aggregate_loc_conf_t  *conf;

    ngx_http_gw_run_t          *runs;      /* one for each part */
    ngx_uint_t                  nruns;
    ngx_uint_t                  nrunning;
    ngx_http_gw_parts_t         settled;   /* done, failed or skipped */

    ngx_event_t                 timer;     /* for the next deadline */
    ngx_event_t                 next;      /* step of what takes long */
    ngx_msec_t                  begin;
    ngx_msec_t                  deadline;

    ngx_list_t                  headers;   /* of parts' requests */
    ngx_http_gw_run_t          *failed;    /* the required part that decides */

    ngx_gw_document_t          *document;  /* NULL: not begun */
    ngx_pool_t                 *pool;      /* of one that was begun again */
    ngx_uint_t                  joined;    /* parts that are in it */
    ngx_chain_t                *out;       /* NULL: not written yet */
    off_t                       length;
    ngx_md5_t                   md5;       /* for the ETag */
    ngx_chain_t                *digested;  /* up to this buffer, and there up */
    size_t                      pos;       /* to this byte */

    ngx_int_t                   status;    /* of a refused request */

    unsigned                    has_headers:1;
    unsigned                    finished:1;
    unsigned                    posted:1;  /* a turn is due */
    unsigned                    joining:1; /* takes more than one step */
    unsigned                    too_large:1; /* the answer */
    unsigned                    partial:1; /* a part has failed */
};


typedef struct {
    ngx_http_gw_aggregate_t    *aggregate; /* that this request is */
    ngx_http_gw_problem_t       problem;
} ngx_http_gw_aggregate_ctx_t;


extern ngx_module_t  ngx_http_gw_aggregate_module;

extern const ngx_str_t  ngx_http_gw_aggregate_reasons[];


/*
 * An error of the configuration that is found when its parser is beyond it: at
 * is what has a file and a line.
 */
#define ngx_http_gw_conf_error(cf, at, fmt, ...)                              \
    ngx_log_error(NGX_LOG_EMERG, (cf)->log, 0, fmt " in %s:%ui",              \
                  __VA_ARGS__, (at)->file, (at)->line)


/* ngx_http_gw_aggregate_conf.c */

char *ngx_http_gw_part(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_gw_part_fields(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_gw_part_rename(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_gw_part_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_gw_part_header(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_gw_part_body(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* the part of this location with this name, or NULL */
ngx_http_gw_part_t *ngx_http_gw_part_find(
    ngx_http_gw_aggregate_loc_conf_t *conf, ngx_str_t *name);


/* ngx_http_gw_aggregate_compile.c */

/* compiles texts and plans of a location's parts, refuses cycles */
char *ngx_http_gw_aggregate_compile(ngx_conf_t *cf,
    ngx_http_gw_aggregate_loc_conf_t *conf);


/* ngx_http_gw_aggregate_text.c */

/* what the directive at hand gives */
void ngx_http_gw_text_source(ngx_conf_t *cf, ngx_http_gw_text_t *text,
    ngx_str_t *source);

/*
 * Compiles text->source.  NGX_DECLINED: said so in the log.
 */
ngx_int_t ngx_http_gw_text_compile(ngx_conf_t *cf,
    ngx_http_gw_aggregate_loc_conf_t *conf, ngx_http_gw_text_t *text,
    ngx_http_gw_form_e form);

/*
 * The text for this request: of a URI path and query apart (args may be NULL
 * otherwise).  NGX_DECLINED: a byte that must not be there, reason uri.
 */
ngx_int_t ngx_http_gw_text(ngx_http_gw_aggregate_t *ag,
    ngx_http_gw_text_t *text, ngx_http_gw_form_e form, ngx_str_t *value,
    ngx_str_t *args);

/* the characters of what a gw_part_set variable has picked; data is NULL if it
   is absent */
ngx_int_t ngx_http_gw_picked(ngx_http_gw_aggregate_t *ag, ngx_uint_t part,
    ngx_uint_t pick, ngx_str_t *value);


/* ngx_http_gw_aggregate_handler.c */

/* the content handler */
ngx_int_t ngx_http_gw_aggregate_handler(ngx_http_request_t *r);

/* the aggregate that r is, also after an internal redirect; or NULL */
ngx_http_gw_aggregate_t *ngx_http_gw_aggregate_get(ngx_http_request_t *r);

/* marks a part as failed; what is to follow is done in a turn of its own */
void ngx_http_gw_aggregate_fail(ngx_http_gw_run_t *run,
    ngx_http_gw_reason_e reason);

/*
 * Has ngx_http_gw_aggregate_run() look at what has become of the parts, once:
 * another turn would wake what an error_page has made of the request.
 */
ngx_int_t ngx_http_gw_aggregate_post(ngx_http_gw_aggregate_t *ag);

/* the part's request has ended, well or not */
void ngx_http_gw_aggregate_settle(ngx_http_gw_run_t *run);


/* ngx_http_gw_aggregate_part.c */

/*
 * Makes the request of a part.  NGX_OK: it runs; NGX_DECLINED: a byte that
 * must not be there, reason uri; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_gw_part_start(ngx_http_gw_run_t *run);

/* ends the request of a part where it is, and closes its connection */
void ngx_http_gw_part_cancel(ngx_http_gw_run_t *run);

/* the client has gone, and nginx ends the request of the part itself */
void ngx_http_gw_part_leave(ngx_http_gw_run_t *run);

/* the part that r is the request of, or NULL */
ngx_http_gw_run_t *ngx_http_gw_part_get(ngx_http_request_t *r);


/* ngx_http_gw_aggregate_filter.c */

ngx_int_t ngx_http_gw_aggregate_filter_init(ngx_conf_t *cf);

/* the body has ended: what the part's value is, or why it has failed */
ngx_int_t ngx_http_gw_part_end(ngx_http_gw_run_t *run);


/* ngx_http_gw_aggregate_join.c */

/* most bytes of a step, by which others wait */
#define NGX_HTTP_GW_AGGREGATE_STEP  262144

/*
 * Makes ag->out, a step at a time.  NGX_OK; NGX_AGAIN: to be called in a turn
 * of its own; NGX_DECLINED: likewise, but a part has failed, so look again;
 * NGX_ERROR: no memory; or the status, if it is too long.
 */
ngx_int_t ngx_http_gw_aggregate_join(ngx_http_gw_aggregate_t *ag);


/* ngx_http_gw_aggregate_answer.c */

/* gives the answer a field for each of the values; values may be NULL */
ngx_int_t ngx_http_gw_aggregate_fields(ngx_http_request_t *r,
    const char *name, size_t len, ngx_array_t *values);

/* sends the answer; what finalizes the request */
ngx_int_t ngx_http_gw_aggregate_answer(ngx_http_gw_aggregate_t *ag);

/* the header filter's part of a refused request */
ngx_int_t ngx_http_gw_aggregate_refuse(ngx_http_request_t *r,
    ngx_http_gw_aggregate_ctx_t *ctx);


/* ngx_http_gw_aggregate_cache.c */

void ngx_http_gw_cache_control_read(ngx_http_request_t *r,
    ngx_http_gw_run_t *run);

/* the fields for the answer; empty: none */
ngx_int_t ngx_http_gw_cache_control_write(ngx_http_gw_aggregate_t *ag,
    ngx_str_t *value, ngx_str_t *vary);


/* ngx_http_gw_aggregate_variables.c */

ngx_int_t ngx_http_gw_aggregate_add_variables(ngx_conf_t *cf);
ngx_int_t ngx_http_gw_part_set_variable(ngx_conf_t *cf, ngx_str_t *name);

/* 1: some location has a gw_part_set of it; the name is in lower case */
ngx_uint_t ngx_http_gw_part_set_known(ngx_conf_t *cf, ngx_str_t *name);

/*
 * The gw_part_set of that variable of the aggregate, or else of one that it is
 * a part of, which ag is then.  NULL: there is none.
 */
ngx_http_gw_part_set_t *ngx_http_gw_part_set_find(
    ngx_http_gw_aggregate_t **ag, ngx_str_t *name);


/* ngx_http_gw_aggregate_inherit.c */

/* lets parts have values that only the aggregate's request has */
ngx_int_t ngx_http_gw_inherit_init(ngx_conf_t *cf);


#endif /* _NGX_HTTP_GW_AGGREGATE_H_INCLUDED_ */
