
/*
 * ngx_gw_json.c as it is where there is no SSE2 and no 128-bit integer.
 */


#define NGX_GW_PORTABLE  1

#include "ngx_gw_json.c"
