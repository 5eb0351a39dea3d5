
/*
 * ngx_gw_pb_print as it is where there is neither SSE2 nor 128-bit integers.
 */


#define NGX_GW_PORTABLE  1

#include "ngx_gw_pb_print_number.c"
#include "ngx_gw_pb_print_string.c"
