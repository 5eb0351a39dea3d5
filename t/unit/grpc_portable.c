
/*
 * ngx_gw_grpc_splitter.c as it is where there is no SSE2.
 */


#define NGX_GW_PORTABLE  1

#include "ngx_gw_grpc_splitter.c"
