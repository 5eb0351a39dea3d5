/* unit: t/unit/route_portable.c ngx_gw_transcode/ngx_gw_template.c */

#include "route_test.c"
