
/*
 * base64url without padding (RFC 4648 section 5, as RFC 7515 uses it), strict:
 * no padding, no white space, no characters of the other alphabet, no length
 * of 4n + 1, unused bits of the last character zero (one encoding a value).
 */


#ifndef _NGX_GW_BASE64URL_H_INCLUDED_
#define _NGX_GW_BASE64URL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* bytes that len characters decode to, if they are valid */
#define ngx_gw_base64url_decoded_length(len)                                  \
    ((len) / 4 * 3 + ((len) % 4 ? (len) % 4 - 1 : 0))


/*
 * Decodes len characters at src to dst, which has room for
 * ngx_gw_base64url_decoded_length(len) bytes and does not overlap src.
 * Reads and writes nothing beyond these.  NGX_OK or NGX_DECLINED (not valid;
 * dst is then undefined).
 */
ngx_int_t ngx_gw_base64url_decode(u_char *dst, const u_char *src, size_t len);


#endif /* _NGX_GW_BASE64URL_H_INCLUDED_ */
