
/*
 * gw_redis name { ... }
 */


#include "ngx_http_gw_redis.h"


#define NGX_HTTP_GW_REDIS_PORT           6379
#define NGX_HTTP_GW_REDIS_SENTINEL_PORT  26379

/* milliseconds: of timeout, connect_timeout; of a breaker */
#define NGX_HTTP_GW_REDIS_MAX_TIME       10000
#define NGX_HTTP_GW_REDIS_MAX_OPEN       3600000

#define NGX_HTTP_GW_REDIS_MAX_FAILURES   1000000

#define NGX_HTTP_GW_REDIS_MAX_CONNS      256

/* of a password */
#define NGX_HTTP_GW_REDIS_MAX_PASSWORD   4096


/* a line of the block; its setter may be one of nginx's */
typedef ngx_command_t  ngx_http_gw_redis_line_t;


/* the block while it is read, as nginx's setters need it */
typedef struct {
    ngx_gw_redis_conf_t   redis;

    ngx_flag_t            cluster;
    ngx_str_t             master;
    ngx_str_t             username;
    ngx_str_t             password_file;
    ngx_str_t             sentinel_username;
    ngx_str_t             sentinel_password_file;
    ngx_str_t             key_prefix;
    ngx_int_t             database;
    ngx_int_t             connections;
    ngx_msec_t            connect_timeout;
    ngx_msec_t            timeout;
    ngx_int_t             failures;
    ngx_msec_t            open;

    ngx_flag_t            ssl;
    ngx_str_t             ssl_line;          /* the first ssl_... */
    ngx_str_t             ssl_certificate;
    ngx_str_t             ssl_certificate_key;
    ngx_str_t             ssl_trusted_certificate;
    ngx_str_t             ssl_crl;
    ngx_str_t             ssl_ciphers;
    ngx_str_t             ssl_name;
    ngx_array_t          *ssl_passwords;
    ngx_uint_t            ssl_protocols;
    ngx_int_t             ssl_verify_depth;
    ngx_flag_t            ssl_verify;
    ngx_flag_t            ssl_server_name;
    ngx_flag_t            ssl_session_reuse;
} ngx_http_gw_redis_ctx_t;


extern ngx_module_t  ngx_http_gw_ratelimit_module;


static ngx_http_gw_redis_ctx_t *ngx_http_gw_redis_create(ngx_conf_t *cf);
static char *ngx_http_gw_redis_line(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf);
static char *ngx_http_gw_redis_server(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_gw_redis_text(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_gw_redis_time(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_gw_redis_breaker(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_gw_redis_check(ngx_conf_t *cf,
    ngx_http_gw_redis_ctx_t *ctx);
static ngx_int_t ngx_http_gw_redis_merge(ngx_conf_t *cf,
    ngx_http_gw_redis_ctx_t *ctx);
static ngx_int_t ngx_http_gw_redis_password(ngx_conf_t *cf, ngx_str_t *file,
    ngx_str_t *password);
static ngx_int_t ngx_http_gw_redis_zone(ngx_conf_t *cf,
    ngx_gw_redis_conf_t *redis);

#if (NGX_SSL)

static char *ngx_http_gw_redis_passwords(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_gw_redis_ssl(ngx_conf_t *cf,
    ngx_http_gw_redis_ctx_t *ctx);
static ngx_int_t ngx_http_gw_redis_ssl_verify(ngx_conf_t *cf,
    ngx_http_gw_redis_ctx_t *ctx, ngx_ssl_t *ssl);


static ngx_conf_bitmask_t  ngx_http_gw_redis_ssl_protocols[] = {
    { ngx_string("TLSv1"), NGX_SSL_TLSv1 },
    { ngx_string("TLSv1.1"), NGX_SSL_TLSv1_1 },
    { ngx_string("TLSv1.2"), NGX_SSL_TLSv1_2 },
    { ngx_string("TLSv1.3"), NGX_SSL_TLSv1_3 },
    { ngx_null_string, 0 }
};

#endif


#define NGX_HTTP_GW_REDIS_OFFSET(field)                                       \
    0, offsetof(ngx_http_gw_redis_ctx_t, field)


static ngx_http_gw_redis_line_t  ngx_http_gw_redis_lines[] = {

    { ngx_string("server"), NGX_CONF_TAKE1, ngx_http_gw_redis_server,
      0, 0, NULL },

    { ngx_string("cluster"), NGX_CONF_TAKE1, ngx_conf_set_flag_slot,
      NGX_HTTP_GW_REDIS_OFFSET(cluster), NULL },

    { ngx_string("sentinel"), NGX_CONF_TAKE1, ngx_http_gw_redis_text,
      NGX_HTTP_GW_REDIS_OFFSET(master), NULL },

    { ngx_string("sentinel_username"), NGX_CONF_TAKE1, ngx_http_gw_redis_text,
      NGX_HTTP_GW_REDIS_OFFSET(sentinel_username), NULL },

    { ngx_string("sentinel_password_file"), NGX_CONF_TAKE1,
      ngx_http_gw_redis_text,
      NGX_HTTP_GW_REDIS_OFFSET(sentinel_password_file), NULL },

    { ngx_string("username"), NGX_CONF_TAKE1, ngx_http_gw_redis_text,
      NGX_HTTP_GW_REDIS_OFFSET(username), NULL },

    { ngx_string("password_file"), NGX_CONF_TAKE1, ngx_http_gw_redis_text,
      NGX_HTTP_GW_REDIS_OFFSET(password_file), NULL },

    { ngx_string("database"), NGX_CONF_TAKE1, ngx_conf_set_num_slot,
      NGX_HTTP_GW_REDIS_OFFSET(database), NULL },

    /* may be empty */
    { ngx_string("key_prefix"), NGX_CONF_TAKE1, ngx_conf_set_str_slot,
      NGX_HTTP_GW_REDIS_OFFSET(key_prefix), NULL },

    { ngx_string("connect_timeout"), NGX_CONF_TAKE1, ngx_http_gw_redis_time,
      NGX_HTTP_GW_REDIS_OFFSET(connect_timeout), NULL },

    { ngx_string("timeout"), NGX_CONF_TAKE1, ngx_http_gw_redis_time,
      NGX_HTTP_GW_REDIS_OFFSET(timeout), NULL },

    { ngx_string("connections"), NGX_CONF_TAKE1, ngx_conf_set_num_slot,
      NGX_HTTP_GW_REDIS_OFFSET(connections), NULL },

    { ngx_string("breaker"), NGX_CONF_TAKE12, ngx_http_gw_redis_breaker,
      0, 0, NULL },

    { ngx_string("ssl"), NGX_CONF_TAKE1, ngx_conf_set_flag_slot,
      NGX_HTTP_GW_REDIS_OFFSET(ssl), NULL },

#if (NGX_SSL)

    { ngx_string("ssl_certificate"), NGX_CONF_TAKE1, ngx_http_gw_redis_text,
      NGX_HTTP_GW_REDIS_OFFSET(ssl_certificate), NULL },

    { ngx_string("ssl_certificate_key"), NGX_CONF_TAKE1,
      ngx_http_gw_redis_text,
      NGX_HTTP_GW_REDIS_OFFSET(ssl_certificate_key), NULL },

    { ngx_string("ssl_password_file"), NGX_CONF_TAKE1,
      ngx_http_gw_redis_passwords, 0, 0, NULL },

    { ngx_string("ssl_trusted_certificate"), NGX_CONF_TAKE1,
      ngx_http_gw_redis_text,
      NGX_HTTP_GW_REDIS_OFFSET(ssl_trusted_certificate), NULL },

    { ngx_string("ssl_crl"), NGX_CONF_TAKE1, ngx_http_gw_redis_text,
      NGX_HTTP_GW_REDIS_OFFSET(ssl_crl), NULL },

    { ngx_string("ssl_verify"), NGX_CONF_TAKE1, ngx_conf_set_flag_slot,
      NGX_HTTP_GW_REDIS_OFFSET(ssl_verify), NULL },

    { ngx_string("ssl_verify_depth"), NGX_CONF_TAKE1, ngx_conf_set_num_slot,
      NGX_HTTP_GW_REDIS_OFFSET(ssl_verify_depth), NULL },

    { ngx_string("ssl_protocols"), NGX_CONF_1MORE, ngx_conf_set_bitmask_slot,
      NGX_HTTP_GW_REDIS_OFFSET(ssl_protocols),
      &ngx_http_gw_redis_ssl_protocols },

    { ngx_string("ssl_ciphers"), NGX_CONF_TAKE1, ngx_http_gw_redis_text,
      NGX_HTTP_GW_REDIS_OFFSET(ssl_ciphers), NULL },

    { ngx_string("ssl_name"), NGX_CONF_TAKE1, ngx_http_gw_redis_text,
      NGX_HTTP_GW_REDIS_OFFSET(ssl_name), NULL },

    { ngx_string("ssl_server_name"), NGX_CONF_TAKE1, ngx_conf_set_flag_slot,
      NGX_HTTP_GW_REDIS_OFFSET(ssl_server_name), NULL },

    { ngx_string("ssl_session_reuse"), NGX_CONF_TAKE1, ngx_conf_set_flag_slot,
      NGX_HTTP_GW_REDIS_OFFSET(ssl_session_reuse), NULL },

#endif

      ngx_null_command
};


char *
ngx_http_gw_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                      *rv;
    ngx_str_t                 *value;
    ngx_conf_t                 save;
    ngx_array_t               *blocks;
    ngx_gw_redis_conf_t      **redis;
    ngx_http_gw_redis_ctx_t   *ctx;

    value = cf->args->elts;

    blocks = ngx_http_gw_redis_blocks(cf);
    if (blocks == NULL) {
        return NGX_CONF_ERROR;
    }

    if (value[1].len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the name of gw_redis is empty");
        return NGX_CONF_ERROR;
    }

    if (ngx_http_gw_redis_find(blocks, &value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate gw_redis \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    ctx = ngx_http_gw_redis_create(cf);
    redis = ngx_array_push(blocks);

    if (ctx == NULL || redis == NULL) {
        return NGX_CONF_ERROR;
    }

    *redis = &ctx->redis;
    ctx->redis.name = value[1];

    save = *cf;
    cf->handler = ngx_http_gw_redis_line;
    cf->handler_conf = (void *) ctx;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (ngx_http_gw_redis_check(cf, ctx) != NGX_OK
        || ngx_http_gw_redis_merge(cf, ctx) != NGX_OK
        || ngx_http_gw_redis_zone(cf, &ctx->redis) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


ngx_gw_redis_conf_t *
ngx_http_gw_redis_find(ngx_array_t *blocks, ngx_str_t *name)
{
    ngx_uint_t             i;
    ngx_gw_redis_conf_t  **redis;

    redis = blocks->elts;

    for (i = 0; i < blocks->nelts; i++) {
        if (redis[i]->name.len == name->len
            && ngx_memcmp(redis[i]->name.data, name->data, name->len) == 0)
        {
            return redis[i];
        }
    }

    return NULL;
}


static ngx_http_gw_redis_ctx_t *
ngx_http_gw_redis_create(ngx_conf_t *cf)
{
    ngx_http_gw_redis_ctx_t  *ctx;

    ctx = ngx_pcalloc(cf->pool, sizeof(ngx_http_gw_redis_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    if (ngx_array_init(&ctx->redis.servers, cf->pool, 1,
                       sizeof(ngx_gw_redis_server_t))
        != NGX_OK)
    {
        return NULL;
    }

    ctx->cluster = NGX_CONF_UNSET;
    ctx->database = NGX_CONF_UNSET;
    ctx->connections = NGX_CONF_UNSET;
    ctx->connect_timeout = NGX_CONF_UNSET_MSEC;
    ctx->timeout = NGX_CONF_UNSET_MSEC;
    ctx->failures = NGX_CONF_UNSET;
    ctx->open = NGX_CONF_UNSET_MSEC;
    ctx->ssl = NGX_CONF_UNSET;
    ctx->ssl_passwords = NGX_CONF_UNSET_PTR;
    ctx->ssl_verify_depth = NGX_CONF_UNSET;
    ctx->ssl_verify = NGX_CONF_UNSET;
    ctx->ssl_server_name = NGX_CONF_UNSET;
    ctx->ssl_session_reuse = NGX_CONF_UNSET;

    return ctx;
}


static char *
ngx_http_gw_redis_line(ngx_conf_t *cf, ngx_command_t *dummy, void *conf)
{
    ngx_http_gw_redis_ctx_t *ctx = conf;

    char                      *rv;
    ngx_str_t                 *value;
    ngx_uint_t                 n;
    ngx_http_gw_redis_line_t  *line;

    static const ngx_uint_t  takes[] = {
        NGX_CONF_NOARGS, NGX_CONF_TAKE1, NGX_CONF_TAKE2
    };

    value = cf->args->elts;
    n = cf->args->nelts - 1;

    if (ngx_strcmp(value[0].data, "include") == 0) {
        return ngx_conf_include(cf, dummy, conf);
    }

    for (line = ngx_http_gw_redis_lines; line->name.len; line++) {
        if (line->name.len == value[0].len
            && ngx_strcmp(line->name.data, value[0].data) == 0)
        {
            break;
        }
    }

    if (line->name.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown parameter \"%V\" in gw_redis", &value[0]);
        return NGX_CONF_ERROR;
    }

    if ((line->type & NGX_CONF_1MORE)
        ? n == 0
        : (n >= sizeof(takes) / sizeof(takes[0]) || !(line->type & takes[n])))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of arguments in \"%V\" of gw_redis",
                           &value[0]);
        return NGX_CONF_ERROR;
    }

    if (ctx->ssl_line.len == 0 && ngx_strncmp(value[0].data, "ssl_", 4) == 0) {
        ctx->ssl_line = value[0];
    }

    rv = line->set(cf, line, ctx);

    if (rv == NGX_CONF_OK || rv == NGX_CONF_ERROR) {
        return rv;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" of gw_redis %s",
                       &value[0], rv);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_gw_redis_server(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_redis_ctx_t *ctx = conf;

    ngx_url_t               u;
    ngx_str_t              *value;
    ngx_uint_t              i;
    ngx_gw_redis_server_t  *server;

    value = cf->args->elts;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = value[1];

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in server \"%V\" of gw_redis",
                           u.err ? u.err : "no memory", &u.url);
        return NGX_CONF_ERROR;
    }

    if (u.uri.len || u.wildcard || (u.no_port && u.family == AF_UNIX)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid server \"%V\" of gw_redis", &u.url);
        return NGX_CONF_ERROR;
    }

    /* all addresses of a name are that server: the first is as good as any */

    for (i = 0; i < ctx->redis.servers.nelts; i++) {
        server = ctx->redis.servers.elts;

        if (ngx_cmp_sockaddr(server[i].addr.sockaddr, server[i].addr.socklen,
                             u.addrs[0].sockaddr, u.addrs[0].socklen, 1)
            == NGX_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate server \"%V\" of gw_redis", &u.url);
            return NGX_CONF_ERROR;
        }
    }

    server = ngx_array_push(&ctx->redis.servers);
    if (server == NULL) {
        return NGX_CONF_ERROR;
    }

    server->addr = u.addrs[0];
    server->host = u.host;

    if (u.family == AF_UNIX) {
        ngx_str_set(&server->host, "localhost");
    }

    if (server->host.len > 1 && server->host.data[0] == '[') {
        server->host.data++;
        server->host.len -= 2;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_gw_redis_text(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "is empty";
    }

    return ngx_conf_set_str_slot(cf, cmd, conf);
}


static char *
ngx_http_gw_redis_time(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char        *rv, *p = conf;
    ngx_msec_t  *time;

    rv = ngx_conf_set_msec_slot(cf, cmd, conf);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    time = (ngx_msec_t *) (p + cmd->offset);

    if (*time == 0 || *time > NGX_HTTP_GW_REDIS_MAX_TIME) {
        return "must be from 1ms to 10s";
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_gw_redis_breaker(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_redis_ctx_t *ctx = conf;

    ngx_int_t    n;
    ngx_str_t   *value, s;
    ngx_uint_t   i;

    value = cf->args->elts;

    if (ctx->failures != NGX_CONF_UNSET || ctx->open != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "failures=", 9) == 0
            && ctx->failures == NGX_CONF_UNSET)
        {
            n = ngx_atoi(value[i].data + 9, value[i].len - 9);

            if (n >= 1 && n <= NGX_HTTP_GW_REDIS_MAX_FAILURES) {
                ctx->failures = n;
                continue;
            }

        } else if (ngx_strncmp(value[i].data, "open=", 5) == 0
                   && ctx->open == NGX_CONF_UNSET_MSEC)
        {
            s.data = value[i].data + 5;
            s.len = value[i].len - 5;
            n = ngx_parse_time(&s, 0);

            if (n >= 1 && n <= NGX_HTTP_GW_REDIS_MAX_OPEN) {
                ctx->open = n;
                continue;
            }
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" in \"breaker\" of "
                           "gw_redis", &value[i]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


#if (NGX_SSL)

static char *
ngx_http_gw_redis_passwords(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_redis_ctx_t *ctx = conf;

    ngx_str_t  *value;

    if (ctx->ssl_passwords != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    ctx->ssl_passwords = ngx_ssl_read_password_file(cf, &value[1]);

    return ctx->ssl_passwords ? NGX_CONF_OK : NGX_CONF_ERROR;
}

#endif


/* what contradicts itself */

static ngx_int_t
ngx_http_gw_redis_check(ngx_conf_t *cf, ngx_http_gw_redis_ctx_t *ctx)
{
    const char  *error;

    error = NULL;

    if (ctx->redis.servers.nelts == 0) {
        error = "has no \"server\"";

    } else if (ctx->cluster == 1 && ctx->master.len) {
        error = "has \"cluster\" and \"sentinel\"";

    } else if (ctx->connections != NGX_CONF_UNSET
               && (ctx->connections < 1
                   || ctx->connections > NGX_HTTP_GW_REDIS_MAX_CONNS))
    {
        error = "must have from 1 to 256 \"connections\"";

    } else if (ctx->cluster == 1 && ctx->database > 0) {
        error = "has \"cluster\" and a \"database\" other than 0";

    } else if (ctx->redis.servers.nelts > 1 && ctx->cluster != 1
               && ctx->master.len == 0)
    {
        error = "has more than one \"server\" without \"cluster\" or "
                "\"sentinel\"";

    } else if (ctx->master.len == 0
               && (ctx->sentinel_username.len
                   || ctx->sentinel_password_file.len))
    {
        error = "has \"sentinel_username\" or \"sentinel_password_file\" "
                "without \"sentinel\"";

    } else if (ctx->username.len && ctx->password_file.len == 0) {
        error = "has \"username\" without \"password_file\"";

    } else if (ctx->sentinel_username.len
               && ctx->sentinel_password_file.len == 0)
    {
        error = "has \"sentinel_username\" without "
                "\"sentinel_password_file\"";
    }

    if (error) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "gw_redis \"%V\" %s",
                           &ctx->redis.name, error);
        return NGX_ERROR;
    }

    if (ctx->ssl_line.len && ctx->ssl != 1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "gw_redis \"%V\" has \"%V\" without \"ssl on\"",
                           &ctx->redis.name, &ctx->ssl_line);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_redis_merge(ngx_conf_t *cf, ngx_http_gw_redis_ctx_t *ctx)
{
    in_port_t               port;
    ngx_uint_t              i;
    ngx_gw_redis_conf_t    *redis;
    ngx_gw_redis_server_t  *server;

    redis = &ctx->redis;

    redis->master = ctx->master;
    redis->username = ctx->username;
    redis->sentinel_username = ctx->sentinel_username;

    redis->prefix = ctx->key_prefix;

    if (redis->prefix.data == NULL) {
        ngx_str_set(&redis->prefix, "gw:");
    }

    ngx_conf_init_value(ctx->cluster, 0);
    ngx_conf_init_value(ctx->database, 0);
    ngx_conf_init_value(ctx->connections, 1);
    ngx_conf_init_value(ctx->failures, 5);
    ngx_conf_init_msec_value(ctx->connect_timeout, 50);
    ngx_conf_init_msec_value(ctx->timeout, 20);
    ngx_conf_init_msec_value(ctx->open, 1000);
    ngx_conf_init_value(ctx->ssl, 0);

    redis->cluster = ctx->cluster;
    redis->database = ctx->database;
    redis->connections = ctx->connections;
    redis->failures = ctx->failures;
    redis->connect_timeout = ctx->connect_timeout;
    redis->timeout = ctx->timeout;
    redis->open = ctx->open;

    port = redis->master.len ? NGX_HTTP_GW_REDIS_SENTINEL_PORT
                             : NGX_HTTP_GW_REDIS_PORT;

    server = redis->servers.elts;

    for (i = 0; i < redis->servers.nelts; i++) {
        if (server[i].addr.sockaddr->sa_family != AF_UNIX
            && ngx_inet_get_port(server[i].addr.sockaddr) == 0)
        {
            ngx_inet_set_port(server[i].addr.sockaddr, port);
        }
    }

    if (ngx_http_gw_redis_password(cf, &ctx->password_file, &redis->password)
        != NGX_OK
        || ngx_http_gw_redis_password(cf, &ctx->sentinel_password_file,
                                      &redis->sentinel_password)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!ctx->ssl) {
        return NGX_OK;
    }

#if (NGX_SSL)

    return ngx_http_gw_redis_ssl(cf, ctx);

#else

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "gw_redis \"%V\" has \"ssl\", which this nginx was "
                       "built without", &redis->name);
    return NGX_ERROR;

#endif
}


/* the first line of the file; never logged */

static ngx_int_t
ngx_http_gw_redis_password(ngx_conf_t *cf, ngx_str_t *file,
    ngx_str_t *password)
{
    u_char      buf[NGX_HTTP_GW_REDIS_MAX_PASSWORD + 2], *p;
    size_t      len;
    ssize_t     n;
    ngx_fd_t    fd;
    ngx_int_t   rc;

    if (file->len == 0) {
        return NGX_OK;
    }

    if (ngx_conf_full_name(cf->cycle, file, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    fd = ngx_open_file(file->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", file);
        return NGX_ERROR;
    }

    rc = NGX_ERROR;
    len = 0;

    do {
        n = ngx_read_fd(fd, buf + len, sizeof(buf) - len);

        if (n == -1) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                               ngx_read_fd_n " \"%V\" failed", file);
            goto done;
        }

        len += n;

    } while (n && len < sizeof(buf));

    p = ngx_strlchr(buf, buf + len, LF);

    if (p == NULL && len == sizeof(buf)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "too long a line in \"%V\"", file);
        goto done;
    }

    if (p) {
        len = p - buf;
    }

    if (len && buf[len - 1] == CR) {
        len--;
    }

    if (len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no password in \"%V\"", file);
        goto done;
    }

    password->data = ngx_pnalloc(cf->pool, len);

    if (password->data) {
        ngx_memcpy(password->data, buf, len);
        password->len = len;
        rc = NGX_OK;
    }

done:

    ngx_explicit_memzero(buf, sizeof(buf));

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", file);
    }

    return rc;
}


static ngx_int_t
ngx_http_gw_redis_zone(ngx_conf_t *cf, ngx_gw_redis_conf_t *redis)
{
    u_char     *p;
    ngx_str_t   name;

    name.len = sizeof("gw_redis:") - 1 + redis->name.len;
    name.data = ngx_pnalloc(cf->pool, name.len);

    if (name.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(name.data, "gw_redis:", sizeof("gw_redis:") - 1);
    ngx_memcpy(p, redis->name.data, redis->name.len);

    redis->shm_zone = ngx_shared_memory_add(cf, &name,
                                            ngx_gw_redis_zone_size(),
                                            &ngx_http_gw_ratelimit_module);
    if (redis->shm_zone == NULL) {
        return NGX_ERROR;
    }

    redis->shm_zone->init = ngx_gw_redis_init_zone;
    redis->shm_zone->data = redis;

    return NGX_OK;
}


#if (NGX_SSL)

static ngx_int_t
ngx_http_gw_redis_ssl(ngx_conf_t *cf, ngx_http_gw_redis_ctx_t *ctx)
{
    ngx_ssl_t            *ssl;
    ngx_pool_cleanup_t   *cln;
    ngx_gw_redis_conf_t  *redis;

    ngx_conf_init_value(ctx->ssl_verify, 1);
    ngx_conf_init_value(ctx->ssl_verify_depth, 1);
    ngx_conf_init_value(ctx->ssl_server_name, 1);
    ngx_conf_init_value(ctx->ssl_session_reuse, 1);
    ngx_conf_init_ptr_value(ctx->ssl_passwords, NULL);

    if (ctx->ssl_protocols == 0) {
        ctx->ssl_protocols = NGX_CONF_BITMASK_SET|NGX_SSL_TLSv1_2
                             |NGX_SSL_TLSv1_3;
    }

    if (ctx->ssl_ciphers.len == 0) {
        ngx_str_set(&ctx->ssl_ciphers, "DEFAULT");
    }

    redis = &ctx->redis;
    redis->ssl_name = ctx->ssl_name;
    redis->ssl_verify = ctx->ssl_verify;
    redis->ssl_server_name = ctx->ssl_server_name;
    redis->ssl_session_reuse = ctx->ssl_session_reuse;

    if ((ctx->ssl_certificate.len == 0) != (ctx->ssl_certificate_key.len == 0))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "gw_redis \"%V\" has no \"%s\"", &redis->name,
                           ctx->ssl_certificate.len ? "ssl_certificate_key"
                                                    : "ssl_certificate");
        return NGX_ERROR;
    }

    ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    if (ssl == NULL) {
        return NGX_ERROR;
    }

    ssl->log = cf->log;

    if (ngx_ssl_create(ssl, ctx->ssl_protocols, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        ngx_ssl_cleanup_ctx(ssl);
        return NGX_ERROR;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = ssl;

    if (ngx_ssl_ciphers(cf, ssl, &ctx->ssl_ciphers, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ctx->ssl_certificate.len
        && ngx_ssl_certificate(cf, ssl, &ctx->ssl_certificate,
                               &ctx->ssl_certificate_key, ctx->ssl_passwords)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_gw_redis_ssl_verify(cf, ctx, ssl) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_ssl_client_session_cache(cf, ssl, redis->ssl_session_reuse)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    redis->ssl = ssl;

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_redis_ssl_verify(ngx_conf_t *cf, ngx_http_gw_redis_ctx_t *ctx,
    ngx_ssl_t *ssl)
{
    /* also without a certificate: the depth counts for the system's too */

    if (ngx_ssl_trusted_certificate(cf, ssl, &ctx->ssl_trusted_certificate,
                                    ctx->ssl_verify_depth)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ctx->ssl_trusted_certificate.len == 0
        && SSL_CTX_set_default_verify_paths(ssl->ctx) == 0)
    {
        ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                      "SSL_CTX_set_default_verify_paths() failed");
        return NGX_ERROR;
    }

    ERR_clear_error();

    return ngx_ssl_crl(cf, ssl, &ctx->ssl_crl);
}

#endif
