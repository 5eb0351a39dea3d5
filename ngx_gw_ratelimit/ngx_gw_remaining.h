
/*
 * What an origin says in its own fields is left of an allowance.
 */


#ifndef _NGX_GW_REMAINING_H_INCLUDED_
#define _NGX_GW_REMAINING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * The least parameter r of the items of a RateLimit field
 * (draft-ietf-httpapi-ratelimit-headers, section 4.1; RFC 9651); -1 if none
 * has one.  It need not be well-formed otherwise.
 */
int64_t ngx_gw_remaining_ietf(u_char *p, u_char *last);

/* the digits that X-RateLimit-Remaining begins with, 15 at most, or -1 */
int64_t ngx_gw_remaining_number(u_char *p, u_char *last);


#endif /* _NGX_GW_REMAINING_H_INCLUDED_ */
