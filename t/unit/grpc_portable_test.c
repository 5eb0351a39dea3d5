/* unit: t/unit/grpc_portable.c ngx_gw_transcode/ngx_gw_grpc.c
         ngx_gw_transcode/ngx_gw_grpc_base64.c
         ngx_gw_transcode/ngx_gw_grpc_deframer.c */

#include "grpc_test.c"
