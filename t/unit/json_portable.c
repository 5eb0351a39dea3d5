
/*
 * ngx_gw_json as it is where there is no SSE2 and no 128-bit integer.
 */


#define NGX_GW_PORTABLE  1

#include "ngx_gw_json.c"
#include "ngx_gw_json_number.c"
#include "ngx_gw_json_path.c"
#include "ngx_gw_json_string.c"
