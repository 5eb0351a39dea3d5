/* unit: t/unit/document_portable.c ngx_gw_aggregate/ngx_gw_document.c
         ngx_gw_aggregate/ngx_gw_document_node.c
         ngx_gw_aggregate/ngx_gw_document_place.c
         ngx_gw_aggregate/ngx_gw_document_write.c
         ngx_gw_common/ngx_gw_json_string.c */

#include "document_test.c"
