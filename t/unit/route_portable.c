
/*
 * ngx_gw_route*.c as it is where there are no products of 128 bits.
 */


#define NGX_GW_PORTABLE  1

#include "ngx_gw_route.c"
#include "ngx_gw_route_match.c"
