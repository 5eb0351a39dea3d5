/* unit: t/unit/pb_parse_portable.c ngx_gw_transcode/ngx_gw_pb.c
         ngx_gw_transcode/ngx_gw_pb_load*.c ngx_gw_common/ngx_gw_json*.c */

#include "pb_parse_test.c"
