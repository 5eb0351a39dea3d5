
/*
 * ngx_gw_json, numbers: compared and rounded as the text they are, without
 * floating point.
 */


#include "ngx_gw_json.h"
#include "ngx_gw_json_internal.h"


/* bound of exponents, and with them of the sums below */
#define NGX_GW_JSON_MAX_EXP  1000000000


/* the absolute value is 0.d1d2d3... * 10^exp, where d1 is not 0 */
typedef struct {
    ngx_int_t             sign;    /* -1, 0, 1 */
    int64_t               exp;
    const u_char         *pos;     /* d1; there may be a "." among the rest */
    const u_char         *last;
} ngx_gw_json_number_t;


static void ngx_gw_json_number_split(ngx_str_t *text,
    ngx_gw_json_number_t *num);
static ngx_int_t ngx_gw_json_number_digit(ngx_gw_json_number_t *num);


u_char *
ngx_gw_json_number(u_char *p, u_char *end)
{
    if (p < end && *p == '-') {
        p++;
    }

    if (p == end || !ngx_gw_json_is_digit(*p)) {
        return NULL;
    }

    if (*p++ != '0') {
        while (p < end && ngx_gw_json_is_digit(*p)) {
            p++;
        }
    }

    if (p < end && *p == '.') {
        p++;

        if (p == end || !ngx_gw_json_is_digit(*p)) {
            return NULL;
        }

        while (p < end && ngx_gw_json_is_digit(*p)) {
            p++;
        }
    }

    if (p < end && (*p | 0x20) == 'e') {
        p++;

        if (p < end && (*p == '+' || *p == '-')) {
            p++;
        }

        if (p == end || !ngx_gw_json_is_digit(*p)) {
            return NULL;
        }

        while (p < end && ngx_gw_json_is_digit(*p)) {
            p++;
        }
    }

    return p;
}


ngx_uint_t
ngx_gw_json_is_number(ngx_str_t *text)
{
    u_char  *last;

    if (text->len == 0) {
        return 0;
    }

    last = text->data + text->len;

    return ngx_gw_json_number(text->data, last) == last;
}


ngx_int_t
ngx_gw_json_number_cmp(ngx_str_t *a, ngx_str_t *b)
{
    ngx_int_t             ca, cb;
    ngx_gw_json_number_t  x, y;

    ngx_gw_json_number_split(a, &x);
    ngx_gw_json_number_split(b, &y);

    if (x.sign != y.sign) {
        return x.sign - y.sign;
    }

    if (x.sign == 0) {
        return 0;
    }

    if (x.exp != y.exp) {
        return x.exp > y.exp ? x.sign : -x.sign;
    }

    do {
        ca = ngx_gw_json_number_digit(&x);
        cb = ngx_gw_json_number_digit(&y);

        if (ca != cb) {
            return ca > cb ? x.sign : -x.sign;
        }

    } while (x.pos < x.last || y.pos < y.last);

    return 0;
}


ngx_int_t
ngx_gw_json_number_floor(ngx_str_t *text, ngx_uint_t scale, int64_t max,
    int64_t *value, ngx_uint_t *fraction)
{
    int64_t               v;
    ngx_gw_json_number_t  num;

    if (!ngx_gw_json_is_number(text)) {
        return NGX_ERROR;
    }

    ngx_gw_json_number_split(text, &num);

    if (num.sign) {
        num.exp += scale;
    }

    /* 10^18 is more than max may be, and less than overflows */

    if (num.exp > 18) {
        return NGX_ERROR;
    }

    for (v = 0; num.exp > 0; num.exp--) {
        v = v * 10 + ngx_gw_json_number_digit(&num);
    }

    *fraction = 0;

    while (num.pos < num.last) {
        if (ngx_gw_json_number_digit(&num)) {
            *fraction = 1;
            break;
        }
    }

    if (num.sign < 0) {
        v = -v - (int64_t) *fraction;
    }

    if (v > max || v < -max) {
        return NGX_ERROR;
    }

    *value = v;

    return NGX_OK;
}


static void
ngx_gw_json_number_split(ngx_str_t *text, ngx_gw_json_number_t *num)
{
    int64_t        exp;
    ngx_uint_t     minus;
    const u_char  *p, *end, *dot;

    p = text->data;
    end = p + text->len;

    num->sign = 1;

    if (p < end && *p == '-') {
        num->sign = -1;
        p++;
    }

    /* the mantissa ends at "e"; an integer's dot is where it ends */

    dot = NULL;
    num->pos = NULL;

    for (num->last = p; num->last < end; num->last++) {

        if (*num->last == '.') {
            dot = num->last;

        } else if (!ngx_gw_json_is_digit(*num->last)) {
            break;

        } else if (*num->last != '0' && num->pos == NULL) {
            num->pos = num->last;
        }
    }

    if (num->pos == NULL) {
        num->sign = 0;
        num->exp = 0;
        num->pos = num->last;
        return;
    }

    if (dot == NULL) {
        dot = num->last;
    }

    num->exp = (num->pos < dot) ? dot - num->pos : dot + 1 - num->pos;

    p = num->last;

    if (p == end) {
        return;
    }

    p++;
    minus = 0;

    if (p < end && (*p == '+' || *p == '-')) {
        minus = (*p++ == '-');
    }

    for (exp = 0; p < end && ngx_gw_json_is_digit(*p); p++) {
        exp = exp * 10 + (*p - '0');

        if (exp > NGX_GW_JSON_MAX_EXP) {
            exp = NGX_GW_JSON_MAX_EXP;
        }
    }

    num->exp += minus ? -exp : exp;
}


/* the next digit of the mantissa; endless zeros follow the last one */

static ngx_int_t
ngx_gw_json_number_digit(ngx_gw_json_number_t *num)
{
    if (num->pos < num->last && *num->pos == '.') {
        num->pos++;
    }

    if (num->pos == num->last) {
        return 0;
    }

    return *num->pos++ - '0';
}
