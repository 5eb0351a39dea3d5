
/* What differs between the versions of nginx that are supported: 1.22 on. */


#ifndef _NGX_GW_COMPAT_H_INCLUDED_
#define _NGX_GW_COMPAT_H_INCLUDED_


#include <nginx.h>


/*
 * From 1.23.0 on header fields of one name are chained by ngx_table_elt_t.next,
 * and a request with two Authorization fields is refused by nginx itself.
 */
#if (nginx_version >= 1023000)
#define NGX_GW_HEADER_NEXT  1
#else
#define NGX_GW_HEADER_NEXT  0
#endif


#endif /* _NGX_GW_COMPAT_H_INCLUDED_ */
