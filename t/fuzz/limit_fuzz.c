/* fuzz: ngx_gw_ratelimit/ngx_gw_limit.c */

/*
 * ngx_gw_limit: any text as a rate or quota, then any sequence of requests,
 * refunds and steps of time by it.  What it says must hold together, and it
 * never admits more than the limit: that is reckoned here with 128 bits.
 */


#include "ngx_gw_limit.h"


__extension__ typedef __int128  wide_t;


#define must(x)                                                               \
    if (!(x)) {                                                               \
        fprintf(stderr, "line %d: not so: %s\n", __LINE__, #x);               \
        abort();                                                              \
    }


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static uint32_t
take(const uint8_t **data, size_t *size, size_t n)
{
    uint32_t  value;

    value = 0;

    while (n-- && *size) {
        value = value << 8 | *(*data)++;
        (*size)--;
    }

    return value;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                *text;
    size_t                 len;
    wide_t                 used;
    int64_t                now, start, length, id, current;
    uint32_t               cost, op;
    ngx_str_t              value;
    ngx_uint_t             admitted;
    ngx_gw_limit_t         limit;
    ngx_gw_verdict_t       v, w;
    ngx_gw_limit_state_t   state, copy;

    ngx_memzero(&limit, sizeof(ngx_gw_limit_t));

    limit.algorithm = take(&data, &size, 1) % 3;
    limit.burst = take(&data, &size, 4) % NGX_GW_LIMIT_MAX_NUMBER;

    if (limit.burst & 1) {
        limit.burst %= 100;
    }

    len = take(&data, &size, 1) % 24;
    len = ngx_min(len, size);
    text = malloc(len ? len : 1);

    if (len) {
        memcpy(text, data, len);
    }

    data += len;
    size -= len;

    value.data = text;
    value.len = len;

    if ((limit.algorithm == NGX_GW_LIMIT_GCRA
         ? ngx_gw_limit_parse_rate(&limit, &value)
         : ngx_gw_limit_parse_quota(&limit, &value))
        != NGX_OK
        || ngx_gw_limit_init(&limit) != NGX_OK)
    {
        free(text);
        return 0;
    }

    free(text);

    must(limit.number >= 1 && limit.number <= NGX_GW_LIMIT_MAX_NUMBER);
    must(limit.period > 0 && limit.period <= NGX_GW_LIMIT_MAX_TIME);

    ngx_memzero(&state, sizeof(ngx_gw_limit_state_t));

    now = (int64_t) 1700000000 * 1000000 + take(&data, &size, 4);
    used = 0;
    current = -1;

    while (size) {
        op = take(&data, &size, 1);
        cost = op & 4 ? take(&data, &size, 3) : op >> 4;

        if (op & 1) {
            now += (int64_t) take(&data, &size, 3) << ((op >> 3) % 20);
        }

        cost = ngx_min(cost, NGX_GW_LIMIT_MAX_COST);

        copy = state;
        ngx_gw_limit_take(&limit, &state, now, cost, &v);
        admitted = v.admitted;

        must(v.remaining <= v.limit);
        must(v.reset >= 0 && (admitted || v.retry > 0));
        must(cost == 0 || !admitted || v.excess >= 0);

        if (limit.algorithm == NGX_GW_LIMIT_GCRA) {
            must(v.limit == limit.burst + 1);

        } else {
            must(v.limit == limit.number);

            id = ngx_gw_limit_window(&limit, now, &start, &length);
            must(start <= now && now < start + length);

            if (id != current) {
                current = id;
                used = 0;
            }

            used += admitted ? cost : 0;
            must(used <= limit.number);
        }

        if (!admitted && cost <= v.limit && v.retry < limit.period * 2) {

            /* when it says, and not a moment before */

            copy = state;
            ngx_gw_limit_take(&limit, &copy, now + v.retry, cost, &w);
            must(w.admitted || limit.month);

            copy = state;
            ngx_gw_limit_take(&limit, &copy, now + v.retry - 1, cost, &w);
            must(!w.admitted);
        }

        if (admitted && cost && (op & 2)) {

            ngx_gw_limit_give_back(&limit, &state, now, cost, v.charged);

            if (limit.algorithm != NGX_GW_LIMIT_GCRA) {
                used -= cost;
            }

            copy = state;
            ngx_gw_limit_take(&limit, &copy, now, cost, &w);
            must(w.admitted);
        }

        (void) ngx_gw_limit_expires(&limit, &state, now);
    }

    return 0;
}
