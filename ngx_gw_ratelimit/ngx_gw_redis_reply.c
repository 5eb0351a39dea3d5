
#include "ngx_gw_redis_reply.h"
#include "ngx_gw_hiredis.h"


/* of the pool that replies lie in; what takes more is freed after it */
#define NGX_GW_REDIS_POOL_SIZE  2048

/* bytes of an error reply in a log line */
#define NGX_GW_REDIS_MAX_FAULT  100


struct ngx_gw_redis_reader_s {
    redisReader   *reader;
    ngx_pool_t    *pool;       /* the reply's */
    size_t         used;       /* of it */
    size_t         size;       /* that it may take */
    const char    *error;
    ngx_log_t     *log;
    unsigned       ended:1;    /* the reply has been returned */
};


static void *ngx_gw_redis_reply_string(const redisReadTask *task, char *str,
    size_t len);
static void *ngx_gw_redis_reply_array(const redisReadTask *task,
    ngx_gw_hiredis_count_t n);
static void *ngx_gw_redis_reply_integer(const redisReadTask *task,
    long long value);
static void *ngx_gw_redis_reply_nil(const redisReadTask *task);
static void ngx_gw_redis_reply_free(void *reply);
static ngx_gw_redis_reply_t *ngx_gw_redis_reply_add(const redisReadTask *task,
    ngx_uint_t type, size_t more);
static void *ngx_gw_redis_reply_refuse(ngx_gw_redis_reader_t *reader,
    const char *error);
static ngx_int_t ngx_gw_redis_reader_reset(ngx_gw_redis_reader_t *reader);
static ngx_int_t ngx_gw_redis_reader_check(ngx_gw_redis_reader_t *reader);

#if (NGX_GW_HIREDIS_RESP3)

static void *ngx_gw_redis_reply_double(const redisReadTask *task,
    double value, char *str, size_t len);
static void *ngx_gw_redis_reply_bool(const redisReadTask *task, int value);

#endif


static redisReplyObjectFunctions  ngx_gw_redis_reply_functions = {
    .createString = ngx_gw_redis_reply_string,
    .createArray = ngx_gw_redis_reply_array,
    .createInteger = ngx_gw_redis_reply_integer,
    .createNil = ngx_gw_redis_reply_nil,
    .freeObject = ngx_gw_redis_reply_free,

#if (NGX_GW_HIREDIS_RESP3)
    .createDouble = ngx_gw_redis_reply_double,
    .createBool = ngx_gw_redis_reply_bool,
#endif
};


ngx_gw_redis_reader_t *
ngx_gw_redis_reader_create(ngx_log_t *log)
{
    ngx_gw_redis_reader_t  *reader;

    reader = ngx_alloc(sizeof(ngx_gw_redis_reader_t), log);
    if (reader == NULL) {
        return NULL;
    }

    ngx_memzero(reader, sizeof(ngx_gw_redis_reader_t));
    reader->log = log;

    reader->pool = ngx_create_pool(NGX_GW_REDIS_POOL_SIZE, log);
    reader->reader = redisReaderCreateWithFunctions(
                                               &ngx_gw_redis_reply_functions);

    if (reader->pool == NULL || reader->reader == NULL) {
        ngx_gw_redis_reader_destroy(reader);
        return NULL;
    }

    reader->reader->privdata = reader;

    return reader;
}


void
ngx_gw_redis_reader_destroy(ngx_gw_redis_reader_t *reader)
{
    if (reader->reader) {
        redisReaderFree(reader->reader);
    }

    if (reader->pool) {
        ngx_destroy_pool(reader->pool);
    }

    ngx_free(reader);
}


ngx_int_t
ngx_gw_redis_reader_feed(ngx_gw_redis_reader_t *reader, u_char *data,
    size_t len)
{
    if (redisReaderFeed(reader->reader, (char *) data, len) != REDIS_OK) {
        reader->error = "no memory";
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_gw_redis_reader_next(ngx_gw_redis_reader_t *reader, size_t size,
    ngx_gw_redis_reply_t **reply)
{
    void  *value;

    if (reader->error) {
        return NGX_ERROR;
    }

    if (reader->ended && ngx_gw_redis_reader_reset(reader) != NGX_OK) {
        reader->error = "no memory";
        return NGX_ERROR;
    }

    reader->size = size;

    if (redisReaderGetReply(reader->reader, &value) != REDIS_OK) {

        if (reader->error == NULL) {
            reader->error = (reader->reader->err == REDIS_ERR_PROTOCOL)
                            ? "not the protocol of Redis" : "no memory";
        }

        return NGX_ERROR;
    }

    if (value == NULL) {
        return ngx_gw_redis_reader_check(reader);
    }

    reader->ended = 1;
    *reply = value;

    return NGX_OK;
}


const char *
ngx_gw_redis_reader_error(ngx_gw_redis_reader_t *reader)
{
    return reader->error;
}


ngx_uint_t
ngx_gw_redis_reader_partial(ngx_gw_redis_reader_t *reader)
{
    redisReader  *r;

    r = reader->reader;

    return r->ridx >= 0 || r->pos < r->len;
}


static ngx_int_t
ngx_gw_redis_reader_reset(ngx_gw_redis_reader_t *reader)
{
    ngx_pool_t  *pool;

    reader->ended = 0;

    if (reader->used <= NGX_GW_REDIS_POOL_SIZE) {
        ngx_reset_pool(reader->pool);

    } else {
        pool = ngx_create_pool(NGX_GW_REDIS_POOL_SIZE, reader->log);
        if (pool == NULL) {
            return NGX_ERROR;
        }

        ngx_destroy_pool(reader->pool);
        reader->pool = pool;
    }

    reader->used = 0;

    return NGX_OK;
}


/*
 * What has been fed is not a whole reply.  hiredis would wait for a string of
 * any length, and for the end of any line: these are refused here.
 */

static ngx_int_t
ngx_gw_redis_reader_check(ngx_gw_redis_reader_t *reader)
{
    size_t          len;
    u_char         *p, *begin, *last;
    redisReader    *r;
    redisReadTask  *task;

    r = reader->reader;

    if (r->ridx < 0 || r->len <= r->pos) {
        return NGX_AGAIN;
    }

    task = ngx_gw_hiredis_task(r);

    begin = (u_char *) r->buf + r->pos;
    last = (u_char *) r->buf + r->len;

    if (task->type == REDIS_REPLY_STRING) {

        len = 0;

        for (p = begin; p < last && *p >= '0' && *p <= '9'; p++) {
            len = len * 10 + (*p - '0');

            if (len > NGX_GW_REDIS_MAX_STRING) {
                reader->error = "too long a string";
                return NGX_ERROR;
            }
        }
    }

    /* with the length of a string, and the ends of lines around it */

    if (last - begin > NGX_GW_REDIS_MAX_STRING + 16) {
        reader->error = "too long a line";
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


static void *
ngx_gw_redis_reply_string(const redisReadTask *task, char *str, size_t len)
{
    ngx_uint_t             type;
    ngx_gw_redis_reply_t  *reply;

    if (len > NGX_GW_REDIS_MAX_STRING) {
        return ngx_gw_redis_reply_refuse(task->privdata, "too long a string");
    }

    switch (task->type) {

    case REDIS_REPLY_STRING:
        type = NGX_GW_REDIS_STRING;
        break;

    case REDIS_REPLY_STATUS:
        type = NGX_GW_REDIS_STATUS;
        break;

    case REDIS_REPLY_ERROR:
        type = NGX_GW_REDIS_FAULT;
        break;

    default:
        return ngx_gw_redis_reply_refuse(task->privdata,
                                         "of a type that was not asked for");
    }

    reply = ngx_gw_redis_reply_add(task, type, len);
    if (reply == NULL) {
        return NULL;
    }

    reply->str.len = len;
    reply->str.data = (u_char *) (reply + 1);

    if (len) {
        ngx_memcpy(reply->str.data, str, len);
    }

    return reply;
}


static void *
ngx_gw_redis_reply_array(const redisReadTask *task, ngx_gw_hiredis_count_t n)
{
    ngx_uint_t              depth;
    const redisReadTask    *parent;
    ngx_gw_redis_reply_t   *reply;
    ngx_gw_redis_reader_t  *reader;

    reader = task->privdata;

    if (task->type != REDIS_REPLY_ARRAY) {
        return ngx_gw_redis_reply_refuse(reader,
                                         "of a type that was not asked for");
    }

    depth = 1;

    for (parent = task->parent; parent; parent = parent->parent) {
        depth++;
    }

    if (depth > NGX_GW_REDIS_MAX_DEPTH) {
        return ngx_gw_redis_reply_refuse(reader, "too deep");
    }

    if ((size_t) n > reader->size / sizeof(ngx_gw_redis_reply_t *)) {
        return ngx_gw_redis_reply_refuse(reader, "too large");
    }

    reply = ngx_gw_redis_reply_add(task, NGX_GW_REDIS_ARRAY,
                                   n * sizeof(ngx_gw_redis_reply_t *));
    if (reply == NULL) {
        return NULL;
    }

    /* elements are added as they come; of a whole reply none is missing */

    reply->nelts = n;
    reply->elts = (ngx_gw_redis_reply_t **) (reply + 1);

    return reply;
}


static void *
ngx_gw_redis_reply_integer(const redisReadTask *task, long long value)
{
    ngx_gw_redis_reply_t  *reply;

    reply = ngx_gw_redis_reply_add(task, NGX_GW_REDIS_INTEGER, 0);

    if (reply) {
        reply->integer = value;
    }

    return reply;
}


static void *
ngx_gw_redis_reply_nil(const redisReadTask *task)
{
    return ngx_gw_redis_reply_add(task, NGX_GW_REDIS_NIL, 0);
}


#if (NGX_GW_HIREDIS_RESP3)

static void *
ngx_gw_redis_reply_double(const redisReadTask *task, double value, char *str,
    size_t len)
{
    return ngx_gw_redis_reply_refuse(task->privdata,
                                     "of a type that was not asked for");
}


static void *
ngx_gw_redis_reply_bool(const redisReadTask *task, int value)
{
    return ngx_gw_redis_reply_refuse(task->privdata,
                                     "of a type that was not asked for");
}

#endif


/* replies go with their pool */

static void
ngx_gw_redis_reply_free(void *reply)
{
}


static ngx_gw_redis_reply_t *
ngx_gw_redis_reply_add(const redisReadTask *task, ngx_uint_t type, size_t more)
{
    ngx_gw_redis_reply_t   *reply, *array;
    ngx_gw_redis_reader_t  *reader;

    reader = task->privdata;
    more += sizeof(ngx_gw_redis_reply_t);

    if (reader->used + more > reader->size) {
        return ngx_gw_redis_reply_refuse(reader, "too large");
    }

    reply = ngx_palloc(reader->pool, more);
    if (reply == NULL) {
        return ngx_gw_redis_reply_refuse(reader, "no memory");
    }

    reader->used += more;

    ngx_memzero(reply, sizeof(ngx_gw_redis_reply_t));
    reply->type = type;

    if (task->parent) {
        array = task->parent->obj;
        array->elts[task->idx] = reply;
    }

    return reply;
}


/* hiredis takes NULL for want of memory */

static void *
ngx_gw_redis_reply_refuse(ngx_gw_redis_reader_t *reader, const char *error)
{
    reader->error = error;

    return NULL;
}


ngx_uint_t
ngx_gw_redis_fault_is(ngx_gw_redis_reply_t *reply, const char *code)
{
    size_t  len;

    len = ngx_strlen(code);

    return reply->type == NGX_GW_REDIS_FAULT
           && reply->str.len >= len
           && ngx_memcmp(reply->str.data, code, len) == 0
           && (reply->str.len == len || reply->str.data[len] == ' ');
}


ngx_str_t
ngx_gw_redis_fault_text(ngx_gw_redis_reply_t *reply)
{
    u_char      c;
    size_t      i, len;
    ngx_str_t   text;
    ngx_uint_t  code, words;

    text = reply->str;
    words = ngx_gw_redis_fault_is(reply, "ERR");
    len = ngx_min(text.len, NGX_GW_REDIS_MAX_FAULT);

    for (i = 0, code = 1; i < len; i++) {
        c = text.data[i];

        if (c >= 'A' && c <= 'Z') {
            continue;
        }

        if (code && i && c >= '0' && c <= '9') {
            continue;
        }

        if (!words || !((c >= 'a' && c <= 'z') || c == ' ')) {
            break;
        }

        code = 0;
    }

    while (i && text.data[i - 1] == ' ') {
        i--;
    }

    text.len = i;

    if (i == 0) {
        ngx_str_set(&text, "?");
    }

    return text;
}
