/* unit: t/unit/pb_print_portable.c ngx_gw_transcode/ngx_gw_pb.c
         ngx_gw_transcode/ngx_gw_pb_load*.c
         ngx_gw_transcode/ngx_gw_pb_print.c
         ngx_gw_transcode/ngx_gw_pb_print_[mow]*.c
         ngx_gw_transcode/ngx_gw_pb_print_sort.c
         ngx_gw_common/ngx_gw_json*.c */

#include "pb_print_test.c"
