
/*
 * What a connection begins with: AUTH, SELECT, ROLE.
 */


#include "ngx_gw_redis_internal.h"


static ngx_int_t ngx_gw_redis_conn_greeting(ngx_gw_redis_conn_t *conn,
    ngx_gw_redis_done_pt done, ngx_uint_t argc, ngx_str_t *argv);
static void ngx_gw_redis_conn_greeted(ngx_gw_redis_call_t *call,
    ngx_gw_redis_reply_t *reply);
static void ngx_gw_redis_conn_role(ngx_gw_redis_call_t *call,
    ngx_gw_redis_reply_t *reply);
static void ngx_gw_redis_conn_refused(ngx_gw_redis_conn_t *conn,
    ngx_gw_redis_reply_t *reply, const char *what);


/*
 * No call is sent before the server has agreed to all of this: a call in
 * another database or to a replica would count elsewhere.
 */

void
ngx_gw_redis_conn_greet(ngx_gw_redis_conn_t *conn)
{
    u_char                number[NGX_INT_T_LEN];
    ngx_str_t            *username, *password, argv[3];
    ngx_uint_t            n;
    ngx_gw_redis_conf_t  *conf;

    conf = conn->node->redis->conf;

    username = &conf->username;
    password = &conf->password;

    if (conn->node->sentinel) {
        username = &conf->sentinel_username;
        password = &conf->sentinel_password;
    }

    if (password->len) {
        ngx_str_set(&argv[0], "AUTH");
        n = 1;

        if (username->len) {
            argv[n++] = *username;
        }

        argv[n++] = *password;

        if (ngx_gw_redis_conn_greeting(conn, ngx_gw_redis_conn_greeted, n,
                                       argv)
            != NGX_OK)
        {
            return;
        }
    }

    if (conf->database && !conn->node->sentinel) {
        ngx_str_set(&argv[0], "SELECT");
        argv[1].data = number;
        argv[1].len = ngx_sprintf(number, "%ui", conf->database) - number;

        if (ngx_gw_redis_conn_greeting(conn, ngx_gw_redis_conn_greeted, 2,
                                       argv)
            != NGX_OK)
        {
            return;
        }
    }

    if (conf->master.len && !conn->node->sentinel) {
        ngx_str_set(&argv[0], "ROLE");

        if (ngx_gw_redis_conn_greeting(conn, ngx_gw_redis_conn_role, 1, argv)
            != NGX_OK)
        {
            return;
        }
    }

    if (conn->greetings == 0) {
        ngx_gw_redis_conn_ready(conn);
    }
}


static ngx_int_t
ngx_gw_redis_conn_greeting(ngx_gw_redis_conn_t *conn,
    ngx_gw_redis_done_pt done, ngx_uint_t argc, ngx_str_t *argv)
{
    ngx_gw_redis_call_t  *call;

    call = ngx_gw_redis_command(conn->node->redis, done, argc, argv);

    if (call == NULL || ngx_gw_redis_conn_write(conn, call) != NGX_OK) {

        if (call) {
            ngx_gw_redis_free(call);
        }

        ngx_gw_redis_conn_fail(conn, 0, "found no memory");
        return NGX_ERROR;
    }

    conn->ncalls++;
    conn->greetings++;

    return NGX_OK;
}


static void
ngx_gw_redis_conn_greeted(ngx_gw_redis_call_t *call,
    ngx_gw_redis_reply_t *reply)
{
    ngx_uint_t            auth;
    ngx_gw_redis_conn_t  *conn;

    conn = call->conn;
    auth = (call->argv[0][0] == 'A');

    ngx_gw_redis_free(call);

    if (reply == NULL || conn->broken) {
        return;
    }

    if (reply->type == NGX_GW_REDIS_STATUS) {

        if (--conn->greetings == 0) {
            ngx_gw_redis_conn_ready(conn);
        }

        return;
    }

    ngx_gw_redis_conn_refused(conn, reply,
                              auth ? "refused the password"
                                   : "refused the database");
}


static void
ngx_gw_redis_conn_role(ngx_gw_redis_call_t *call, ngx_gw_redis_reply_t *reply)
{
    ngx_str_t            *role;
    ngx_gw_redis_conn_t  *conn;

    conn = call->conn;

    ngx_gw_redis_free(call);

    if (reply == NULL || conn->broken) {
        return;
    }

    if (reply->type == NGX_GW_REDIS_FAULT) {
        ngx_gw_redis_conn_refused(conn, reply, "refused to tell its role");
        return;
    }

    if (reply->type != NGX_GW_REDIS_ARRAY || reply->nelts == 0
        || reply->elts[0]->type != NGX_GW_REDIS_STRING)
    {
        conn->broken = "told no role";
        return;
    }

    role = &reply->elts[0]->str;

    if (role->len != 6 || ngx_memcmp(role->data, "master", 6) != 0) {
        conn->broken = "is no master";
        return;
    }

    if (--conn->greetings == 0) {
        ngx_gw_redis_conn_ready(conn);
    }
}


/* the configuration is wrong, here or there: said once */

static void
ngx_gw_redis_conn_refused(ngx_gw_redis_conn_t *conn,
    ngx_gw_redis_reply_t *reply, const char *what)
{
    u_char               *p;
    ngx_str_t             text;
    ngx_gw_redis_t       *redis;
    ngx_gw_redis_node_t  *node;

    conn->broken = what;
    node = conn->node;
    redis = node->redis;

    /* of an answer to AUTH only the code is certain to hold no password */

    ngx_str_set(&text, "?");

    if (reply->type == NGX_GW_REDIS_FAULT) {
        text = ngx_gw_redis_fault_text(reply);
        p = ngx_strlchr(text.data, text.data + text.len, ' ');

        if (p) {
            text.len = p - text.data;
        }
    }

    /* these pass by themselves */

    if (!ngx_gw_redis_fault_is(reply, "LOADING")
        && !ngx_gw_redis_fault_is(reply, "MASTERDOWN")
        && ngx_gw_redis_guard_tell(&node->guard))
    {
        ngx_log_error(NGX_LOG_ERR, &redis->log, 0,
                      "gw_redis \"%V\": %V %s: \"%V\"",
                      &redis->conf->name, &node->name, what, &text);
    }
}
