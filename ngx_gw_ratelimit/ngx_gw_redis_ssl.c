
/*
 * TLS of a connection: nothing is sent before the server has proved who it
 * is, where ssl_verify asks for that.
 */


#include "ngx_gw_redis_internal.h"


#if (NGX_SSL)


static ngx_int_t ngx_gw_redis_ssl_name(ngx_connection_t *c, ngx_str_t *name);
static ngx_str_t *ngx_gw_redis_ssl_host(ngx_gw_redis_conn_t *conn);
static ngx_uint_t ngx_gw_redis_ssl_address(ngx_str_t *name);
static void ngx_gw_redis_ssl_handler(ngx_connection_t *c);
static ngx_int_t ngx_gw_redis_ssl_verify(ngx_gw_redis_conn_t *conn);
static ngx_int_t ngx_gw_redis_ssl_check(ngx_connection_t *c, ngx_str_t *name);
static void ngx_gw_redis_ssl_save(ngx_connection_t *c);


void
ngx_gw_redis_ssl_start(ngx_gw_redis_conn_t *conn)
{
    ngx_int_t             rc;
    ngx_connection_t     *c;
    ngx_gw_redis_conf_t  *conf;
    ngx_gw_redis_node_t  *node;

    c = conn->connection;
    node = conn->node;
    conf = node->redis->conf;

    c->pool = ngx_create_pool(512, c->log);

    if (c->pool == NULL
        || ngx_ssl_create_connection(conf->ssl, c, NGX_SSL_CLIENT) != NGX_OK)
    {
        goto failed;
    }

    /* what waits to be sent may grow, and move, before it is sent again */

    SSL_set_mode(c->ssl->connection, SSL_MODE_ENABLE_PARTIAL_WRITE
                                     |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);

    if (conf->ssl_server_name
        && ngx_gw_redis_ssl_name(c, ngx_gw_redis_ssl_host(conn)) != NGX_OK)
    {
        goto failed;
    }

    if (conf->ssl_session_reuse) {
        c->ssl->save_session = ngx_gw_redis_ssl_save;

        if (node->session
            && ngx_ssl_set_session(c, node->session) != NGX_OK)
        {
            goto failed;
        }
    }

    rc = ngx_ssl_handshake(c);

    if (rc == NGX_AGAIN) {
        c->ssl->handler = ngx_gw_redis_ssl_handler;
        return;
    }

    ngx_gw_redis_ssl_handler(c);

    return;

failed:

    ngx_gw_redis_conn_fail(conn, 0, "could not be spoken TLS with");
}


static ngx_str_t *
ngx_gw_redis_ssl_host(ngx_gw_redis_conn_t *conn)
{
    ngx_gw_redis_conf_t  *conf;

    conf = conn->node->redis->conf;

    return conf->ssl_name.len ? &conf->ssl_name : &conn->node->host;
}


/* a name that ends in '\0', as words of a configuration do */

static ngx_int_t
ngx_gw_redis_ssl_name(ngx_connection_t *c, ngx_str_t *name)
{
    /* addresses are no names (RFC 6066) */

    if (name->len == 0 || ngx_gw_redis_ssl_address(name)) {
        return NGX_OK;
    }

    if (SSL_set_tlsext_host_name(c->ssl->connection, (char *) name->data)
        == 0)
    {
        ngx_ssl_error(NGX_LOG_INFO, c->log, 0,
                      "SSL_set_tlsext_host_name(\"%V\") failed", name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_gw_redis_ssl_address(ngx_str_t *name)
{
    u_char  addr[16];

    if (ngx_inet_addr(name->data, name->len) != INADDR_NONE) {
        return 1;
    }

#if (NGX_HAVE_INET6)

    if (ngx_inet6_addr(name->data, name->len, addr) == NGX_OK) {
        return 1;
    }

#endif

    return 0;
}


static void
ngx_gw_redis_ssl_handler(ngx_connection_t *c)
{
    ngx_gw_redis_conn_t  *conn;

    conn = c->data;

    if (!c->ssl->handshaked) {
        ngx_gw_redis_conn_fail(conn, 0, "could not be spoken TLS with");
        return;
    }

    if (conn->node->redis->conf->ssl_verify
        && ngx_gw_redis_ssl_verify(conn) != NGX_OK)
    {
        ngx_gw_redis_conn_fail(conn, 0, "is not whom its certificate names");
        return;
    }

    ngx_gw_redis_conn_begin(conn);
}


static ngx_int_t
ngx_gw_redis_ssl_verify(ngx_gw_redis_conn_t *conn)
{
    long                  rc;
    ngx_str_t            *host;
    ngx_connection_t     *c;
    ngx_gw_redis_node_t  *node;

    c = conn->connection;
    node = conn->node;
    host = ngx_gw_redis_ssl_host(conn);

    rc = SSL_get_verify_result(c->ssl->connection);

    if (rc != X509_V_OK) {

        if (ngx_gw_redis_guard_tell(&node->guard)) {
            ngx_log_error(NGX_LOG_ERR, &node->redis->log, 0,
                          "gw_redis \"%V\": certificate verify error of %V: "
                          "(%l:%s)", &node->redis->conf->name, &node->name,
                          rc, X509_verify_cert_error_string(rc));
        }

        return NGX_ERROR;
    }

    if (ngx_gw_redis_ssl_check(c, host) != NGX_OK) {

        if (ngx_gw_redis_guard_tell(&node->guard)) {
            ngx_log_error(NGX_LOG_ERR, &node->redis->log, 0,
                          "gw_redis \"%V\": the certificate of %V does not "
                          "match \"%V\"", &node->redis->conf->name,
                          &node->name, host);
        }

        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_redis_ssl_check(ngx_connection_t *c, ngx_str_t *name)
{
    X509       *cert;
    ngx_int_t   rc;

    if (!ngx_gw_redis_ssl_address(name)) {
        return ngx_ssl_check_host(c, name);
    }

    cert = SSL_get_peer_certificate(c->ssl->connection);
    if (cert == NULL) {
        return NGX_ERROR;
    }

    rc = (X509_check_ip_asc(cert, (char *) name->data, 0) == 1) ? NGX_OK
                                                                : NGX_ERROR;
    X509_free(cert);

    return rc;
}


static void
ngx_gw_redis_ssl_save(ngx_connection_t *c)
{
    ngx_gw_redis_conn_t  *conn;
    ngx_gw_redis_node_t  *node;
    ngx_ssl_session_t    *session;

    conn = c->data;
    node = conn->node;

    session = ngx_ssl_get_session(c);

    if (session == NULL) {
        return;
    }

    if (node->session) {
        ngx_ssl_free_session(node->session);
    }

    node->session = session;
}


/* not to be waited for */

void
ngx_gw_redis_ssl_close(ngx_connection_t *c)
{
    c->ssl->no_wait_shutdown = 1;
    c->ssl->no_send_shutdown = 1;

    (void) ngx_ssl_shutdown(c);
}


#endif
