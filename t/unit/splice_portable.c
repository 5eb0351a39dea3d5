
/*
 * ngx_gw_splice as it is where there is no SSE2.
 */


#define NGX_GW_PORTABLE  1

#include "ngx_gw_splice.c"
#include "ngx_gw_splice_token.c"
