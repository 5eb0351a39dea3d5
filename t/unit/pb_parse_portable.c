
/*
 * ngx_gw_pb_parse as it is where there is neither SSE2 nor a product of 128
 * bits.
 */


#define NGX_GW_PORTABLE  1

#include "ngx_gw_pb_parse.c"
#include "ngx_gw_pb_parse_any.c"
#include "ngx_gw_pb_parse_error.c"
#include "ngx_gw_pb_parse_member.c"
#include "ngx_gw_pb_parse_number.c"
#include "ngx_gw_pb_parse_string.c"
#include "ngx_gw_pb_parse_struct.c"
#include "ngx_gw_pb_parse_value.c"
#include "ngx_gw_pb_parse_wkt.c"
#include "ngx_gw_pb_parse_write.c"
#include "ngx_gw_pb_bind.c"
