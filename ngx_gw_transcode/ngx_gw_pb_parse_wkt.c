
/*
 * ngx_gw_pb_parse, well-known types whose JSON form is a string: Timestamp,
 * Duration and FieldMask.
 */


#include "ngx_gw_pb_parse_internal.h"
#include "ngx_gw_json_internal.h"


/* 10,000 years of 365.25 days; fractions of a second are not counted */
#define NGX_GW_PB_MAX_DURATION   315576000000

/* 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z */
#define NGX_GW_PB_MIN_TIMESTAMP  -62135596800
#define NGX_GW_PB_MAX_TIMESTAMP  253402300799


static const char *ngx_gw_pb_timestamp(const u_char *p, const u_char *end,
    int64_t *sec, int32_t *nanos);
static const char *ngx_gw_pb_duration(const u_char *p, const u_char *end,
    int64_t *sec, int32_t *nanos);
static ngx_int_t ngx_gw_pb_field_mask(ngx_gw_pb_parser_t *parser,
    const u_char *data, size_t len);
static const u_char *ngx_gw_pb_fraction(const u_char *p, const u_char *end,
    int32_t *nanos);
static ngx_int_t ngx_gw_pb_digits(const u_char *p, const u_char *end,
    ngx_uint_t n);
static int64_t ngx_gw_pb_days(ngx_int_t year, ngx_int_t month, ngx_int_t day);


ngx_int_t
ngx_gw_pb_parse_form(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_message_t *message, const u_char *data, size_t len)
{
    u_char      *dst;
    int32_t      nanos;
    int64_t      sec;
    const char  *reason;

    if (message->kind == NGX_GW_PB_FIELD_MASK) {
        return ngx_gw_pb_field_mask(parser, data, len);
    }

    if (message->kind == NGX_GW_PB_TIMESTAMP) {
        reason = ngx_gw_pb_timestamp(data, data + len, &sec, &nanos);

    } else {
        reason = ngx_gw_pb_duration(data, data + len, &sec, &nanos);
    }

    if (reason) {
        ngx_gw_pb_bad_text(parser, data, len, reason);
        return NGX_DECLINED;
    }

    if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
        return parser->rc;
    }

    /* fields 1 and 2, varints both */

    dst = parser->last;

    if (sec) {
        *dst++ = 0x08;
        dst = ngx_gw_pb_write_varint(dst, (uint64_t) sec);
    }

    if (nanos) {
        *dst++ = 0x10;
        dst = ngx_gw_pb_write_varint(dst, (uint64_t) (int64_t) nanos);
    }

    parser->last = dst;

    return NGX_OK;
}


/* RFC 3339, upper case and no leap seconds */

static const char *
ngx_gw_pb_timestamp(const u_char *p, const u_char *end, int64_t *sec,
    int32_t *nanos)
{
    int64_t     s;
    ngx_int_t   year, month, day, hour, min, second, offset, last;

    static const u_char  days[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    if (end - p < 20
        || p[4] != '-' || p[7] != '-' || p[10] != 'T'
        || p[13] != ':' || p[16] != ':')
    {
        return "is no timestamp (RFC 3339)";
    }

    year = ngx_gw_pb_digits(p, end, 4);
    month = ngx_gw_pb_digits(p + 5, end, 2);
    day = ngx_gw_pb_digits(p + 8, end, 2);
    hour = ngx_gw_pb_digits(p + 11, end, 2);
    min = ngx_gw_pb_digits(p + 14, end, 2);
    second = ngx_gw_pb_digits(p + 17, end, 2);

    if (year < 0 || month < 0 || day < 0 || hour < 0 || min < 0 || second < 0)
    {
        return "is no timestamp (RFC 3339)";
    }

    if (month < 1 || month > 12) {
        return "has no such month";
    }

    last = days[month - 1];

    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) {
        last = 29;
    }

    if (day < 1 || day > last) {
        return "has no such day";
    }

    if (hour > 23 || min > 59 || second > 59) {
        return "has no such time";
    }

    s = ngx_gw_pb_days(year, month, day) * 86400
        + hour * 3600 + min * 60 + second;

    p += 19;
    *nanos = 0;

    if (*p == '.') {
        p = ngx_gw_pb_fraction(p + 1, end, nanos);
        if (p == NULL) {
            return "has no fraction of 1 to 9 digits";
        }
    }

    if (p < end && *p == 'Z') {
        p++;

    } else {

        if (end - p != 6 || (*p != '+' && *p != '-') || p[3] != ':') {
            return "has no offset like Z or +01:00";
        }

        hour = ngx_gw_pb_digits(p + 1, end, 2);
        min = ngx_gw_pb_digits(p + 4, end, 2);

        if (hour < 0 || hour > 23 || min < 0 || min > 59) {
            return "has no offset like Z or +01:00";
        }

        offset = hour * 3600 + min * 60;
        s += (*p == '-') ? offset : -offset;
        p += 6;
    }

    if (p != end) {
        return "is no timestamp (RFC 3339)";
    }

    if (s < NGX_GW_PB_MIN_TIMESTAMP || s > NGX_GW_PB_MAX_TIMESTAMP) {
        return "is out of range";
    }

    *sec = s;

    return NULL;
}


static const char *
ngx_gw_pb_duration(const u_char *p, const u_char *end, int64_t *sec,
    int32_t *nanos)
{
    int64_t        s;
    ngx_uint_t     minus;
    const u_char  *start;

    minus = (p < end && *p == '-');
    p += minus;

    s = 0;

    for (start = p; p < end && ngx_gw_json_is_digit(*p); p++) {

        if (s <= NGX_GW_PB_MAX_DURATION) {
            s = s * 10 + (*p - '0');
        }
    }

    if (p == start) {
        return "is no duration like 1.5s";
    }

    *nanos = 0;

    if (p < end && *p == '.') {
        p = ngx_gw_pb_fraction(p + 1, end, nanos);
        if (p == NULL) {
            return "has no fraction of 1 to 9 digits";
        }
    }

    if (end - p != 1 || *p != 's') {
        return "is no duration like 1.5s";
    }

    if (s > NGX_GW_PB_MAX_DURATION) {
        return "is out of range";
    }

    if (minus) {
        s = -s;
        *nanos = -*nanos;
    }

    *sec = s;

    return NULL;
}


/* paths, separated by commas, in lowerCamelCase; a URL may have snake_case */

static ngx_int_t
ngx_gw_pb_field_mask(ngx_gw_pb_parser_t *parser, const u_char *data,
    size_t len)
{
    u_char         c, *dst;
    size_t         n;
    const u_char  *p, *end, *comma;

    if (len == 0) {
        return NGX_OK;
    }

    p = data;
    end = data + len;

    for ( ;; ) {

        n = 0;

        for (comma = p; comma < end && *comma != ','; comma++) {
            c = *comma;

            if (c <= ' ' || c == 0x7f
                || (c == '_' && parser->binding == NULL))
            {
                ngx_gw_pb_bad_text(parser, data, len,
                                   "is no mask of fields in lowerCamelCase");
                return NGX_DECLINED;
            }

            n += 1 + (c >= 'A' && c <= 'Z');
        }

        if (comma == p) {
            ngx_gw_pb_bad_text(parser, data, len, "has an empty path");
            return NGX_DECLINED;
        }

        if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM + n) != NGX_OK) {
            return parser->rc;
        }

        dst = parser->last;

        *dst++ = 0x0a;
        dst = ngx_gw_pb_write_varint(dst, n);

        for ( /* void */ ; p < comma; p++) {
            c = *p;

            if (c >= 'A' && c <= 'Z') {
                *dst++ = '_';
                c |= 0x20;
            }

            *dst++ = c;
        }

        parser->last = dst;

        if (comma == end) {
            return NGX_OK;
        }

        p++;
    }
}


static const u_char *
ngx_gw_pb_fraction(const u_char *p, const u_char *end, int32_t *nanos)
{
    int32_t     v;
    ngx_uint_t  n;

    v = 0;

    for (n = 0; n < 9 && p < end && ngx_gw_json_is_digit(*p); n++) {
        v = v * 10 + (*p++ - '0');
    }

    if (n == 0 || (p < end && ngx_gw_json_is_digit(*p))) {
        return NULL;
    }

    for ( /* void */ ; n < 9; n++) {
        v *= 10;
    }

    *nanos = v;

    return p;
}


/* the number of n digits, or -1 */

static ngx_int_t
ngx_gw_pb_digits(const u_char *p, const u_char *end, ngx_uint_t n)
{
    ngx_int_t  v;

    for (v = 0; n; n--) {

        if (p == end || !ngx_gw_json_is_digit(*p)) {
            return -1;
        }

        v = v * 10 + (*p++ - '0');
    }

    return v;
}


/* days since 1970-01-01; years begin in March, so that leap days are last */

static int64_t
ngx_gw_pb_days(ngx_int_t year, ngx_int_t month, ngx_int_t day)
{
    if (month > 2) {
        month -= 3;

    } else {
        month += 9;
        year--;
    }

    /* (153 * month + 2) / 5 are the days of the months before */

    if (year < 0) {

        /* January of year 0: out of range, whatever the day is */
        return -800000;
    }

    return (int64_t) 365 * year + year / 4 - year / 100 + year / 400
           + (153 * month + 2) / 5 + day - 1 - 719468;
}
