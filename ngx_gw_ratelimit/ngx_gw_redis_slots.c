
#include "ngx_gw_redis_slots.h"


static ngx_uint_t ngx_gw_redis_crc16(ngx_uint_t crc, u_char *p, size_t len);
static ngx_int_t ngx_gw_redis_slots_member(ngx_gw_redis_reply_t *reply,
    ngx_uint_t n, ngx_uint_t type, ngx_gw_redis_reply_t **member);


/* x^16 + x^12 + x^5 + 1, as XMODEM has it, four bits at a time */

static ngx_uint_t
ngx_gw_redis_crc16(ngx_uint_t crc, u_char *p, size_t len)
{
    static const uint16_t  table[] = {
        0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
        0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef
    };

    while (len--) {
        crc = (crc << 4) ^ table[((crc >> 12) ^ (*p >> 4)) & 15];
        crc = (crc << 4) ^ table[((crc >> 12) ^ *p) & 15];
        p++;
    }

    return crc & 0xffff;
}


/*
 * The tag is what stands between the first "{" and the first "}" behind it,
 * if that is not nothing.  Either may be in either part.
 */

ngx_uint_t
ngx_gw_redis_key_slot(ngx_str_t *prefix, ngx_str_t *key)
{
    u_char      c;
    size_t      i, len, from, to;
    ngx_uint_t  crc;

    len = prefix->len + key->len;
    from = 0;
    to = len;

    for (i = 0; i < len; i++) {
        c = (i < prefix->len) ? prefix->data[i] : key->data[i - prefix->len];

        if (from == 0) {
            if (c == '{') {
                from = i + 1;
            }

        } else if (c == '}') {
            to = i;
            break;
        }
    }

    if (from == 0 || to == len || to == from) {
        from = 0;
        to = len;
    }

    crc = 0;

    if (from < prefix->len) {
        crc = ngx_gw_redis_crc16(crc, prefix->data + from,
                                 ngx_min(to, prefix->len) - from);
        from = prefix->len;
    }

    if (from < to) {
        crc = ngx_gw_redis_crc16(crc, key->data + from - prefix->len,
                                 to - from);
    }

    return crc % NGX_GW_REDIS_SLOTS;
}


ngx_int_t
ngx_gw_redis_redirection(ngx_str_t *text, ngx_gw_redis_range_t *range)
{
    u_char     *p, *q, *last;
    ngx_int_t   n;

    ngx_memzero(range, sizeof(ngx_gw_redis_range_t));

    p = text->data;
    last = p + text->len;

    p = ngx_strlchr(p, last, ' ');
    if (p == NULL) {
        return NGX_DECLINED;
    }

    q = ngx_strlchr(++p, last, ' ');
    if (q == NULL) {
        return NGX_DECLINED;
    }

    n = ngx_atoi(p, q - p);

    if (n < 0 || n >= NGX_GW_REDIS_SLOTS) {
        return NGX_DECLINED;
    }

    range->first = n;
    range->last = n;

    /* an IPv6 address comes without brackets, words may follow one day */

    p = q + 1;
    q = ngx_strlchr(p, last, ' ');

    if (q) {
        last = q;
    }

    for (q = last; q > p && q[-1] != ':'; q--) { /* void */ }

    if (q == p) {
        return NGX_DECLINED;
    }

    n = ngx_atoi(q, last - q);

    if (n < 1 || n > 65535) {
        return NGX_DECLINED;
    }

    range->port = n;
    range->endpoint.data = p;
    range->endpoint.len = q - 1 - p;

    return NGX_OK;
}


ngx_int_t
ngx_gw_redis_slots_range(ngx_gw_redis_reply_t *reply, ngx_uint_t n,
    ngx_gw_redis_range_t *range)
{
    ngx_uint_t             i;
    ngx_gw_redis_reply_t  *element, *first, *last, *node, *port, *data;

    ngx_memzero(range, sizeof(ngx_gw_redis_range_t));

    if (ngx_gw_redis_slots_member(reply, n, NGX_GW_REDIS_ARRAY, &element)
        != NGX_OK
        || ngx_gw_redis_slots_member(element, 0, NGX_GW_REDIS_INTEGER, &first)
           != NGX_OK
        || ngx_gw_redis_slots_member(element, 1, NGX_GW_REDIS_INTEGER, &last)
           != NGX_OK
        || ngx_gw_redis_slots_member(element, 2, NGX_GW_REDIS_ARRAY, &node)
           != NGX_OK
        || ngx_gw_redis_slots_member(node, 1, NGX_GW_REDIS_INTEGER, &port)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (first->integer < 0 || first->integer > last->integer
        || last->integer >= NGX_GW_REDIS_SLOTS
        || port->integer < 1 || port->integer > 65535)
    {
        return NGX_DECLINED;
    }

    range->first = first->integer;
    range->last = last->integer;
    range->port = port->integer;

    switch (node->elts[0]->type) {

    case NGX_GW_REDIS_STRING:
        range->endpoint = node->elts[0]->str;
        break;

    case NGX_GW_REDIS_NIL:
        break;

    default:
        return NGX_DECLINED;
    }

    /* from 7.0 on: names and values */

    if (ngx_gw_redis_slots_member(node, 3, NGX_GW_REDIS_ARRAY, &data)
        != NGX_OK)
    {
        return NGX_OK;
    }

    for (i = 0; i + 1 < data->nelts; i += 2) {

        if (data->elts[i]->type != NGX_GW_REDIS_STRING
            || data->elts[i + 1]->type != NGX_GW_REDIS_STRING)
        {
            continue;
        }

        if (data->elts[i]->str.len == 2
            && ngx_memcmp(data->elts[i]->str.data, "ip", 2) == 0)
        {
            range->ip = data->elts[i + 1]->str;

        } else if (data->elts[i]->str.len == 8
                   && ngx_memcmp(data->elts[i]->str.data, "hostname", 8) == 0)
        {
            range->hostname = data->elts[i + 1]->str;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_redis_slots_member(ngx_gw_redis_reply_t *reply, ngx_uint_t n,
    ngx_uint_t type, ngx_gw_redis_reply_t **member)
{
    if (reply->type != NGX_GW_REDIS_ARRAY || n >= reply->nelts
        || reply->elts[n]->type != type)
    {
        return NGX_DECLINED;
    }

    *member = reply->elts[n];

    return NGX_OK;
}
