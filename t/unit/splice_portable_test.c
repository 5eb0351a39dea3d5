/* unit: t/unit/splice_portable.c ngx_gw_aggregate/ngx_gw_splice_copy.c
         ngx_gw_aggregate/ngx_gw_splice_string.c ngx_gw_aggregate/ngx_gw_plan.c
         ngx_gw_common/ngx_gw_json_string.c */

#include "splice_test.c"
