
/*
 * What the files of ngx_gw_json share, and nobody else needs.
 */


#ifndef _NGX_GW_JSON_INTERNAL_H_INCLUDED_
#define _NGX_GW_JSON_INTERNAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


static ngx_inline ngx_uint_t
ngx_gw_json_is_digit(u_char c)
{
    return (u_char) (c - '0') <= 9;
}


/* returns the end of the number that begins at p, or NULL if none does */
u_char *ngx_gw_json_number(u_char *p, u_char *end);

/* p is at a backslash; returns what is behind the escape, or NULL: invalid */
u_char *ngx_gw_json_escape(u_char *p, u_char *end);

/*
 * A run of characters beyond ASCII, as table 3-7 of the Unicode Standard has
 * them: no overlong forms, no surrogates, nothing above U+10FFFF.  Returns
 * its end, or NULL: invalid.
 */
u_char *ngx_gw_json_utf8(u_char *p, u_char *end);

/*
 * The same as ngx_gw_json_hash() of the unescaped name.  This and
 * ngx_gw_json_same_escaped() take unpaired surrogates, too.
 */
uint32_t ngx_gw_json_hash_escaped(const u_char *name, size_t len);

/* 1 if a string or name, len bytes as it stands, equals text unescaped */
ngx_uint_t ngx_gw_json_same(const u_char *raw, size_t len, ngx_uint_t escaped,
    ngx_str_t *text);

/* 1 if two names, as they stand, are the same once both are unescaped */
ngx_uint_t ngx_gw_json_same_escaped(const u_char *a, size_t alen,
    const u_char *b, size_t blen);


#endif /* _NGX_GW_JSON_INTERNAL_H_INCLUDED_ */
