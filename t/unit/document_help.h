
/*
 * What the unit test and the fuzz target of ngx_gw_document share: an index
 * made with ngx_gw_json.
 */


#ifndef _DOCUMENT_HELP_H_INCLUDED_
#define _DOCUMENT_HELP_H_INCLUDED_


#include "ngx_gw_json.h"
#include "ngx_gw_splice.h"


/* the index of a text as ngx_gw_json reads it; NULL if it does not */

static ngx_gw_member_t *
make_index(ngx_pool_t *pool, ngx_str_t *text, ngx_uint_t *n)
{
    u_char              *data;
    uint32_t            *scratch, *map, i, j, end, parent;
    ngx_int_t            rc;
    ngx_uint_t           max, k;
    ngx_gw_json_t        json;
    ngx_gw_member_t     *index;
    ngx_gw_json_node_t  *node;

    *n = 0;

    data = text->data;
    max = ngx_gw_json_max_nodes(text->len);

    json.data = data;
    json.len = text->len;
    json.nodes = ngx_palloc(pool, max * sizeof(ngx_gw_json_node_t));
    scratch = ngx_palloc(pool, ngx_gw_json_scratch(max) * sizeof(uint32_t));

    rc = ngx_gw_json_parse(&json, max, 64, scratch);

    if (rc != NGX_OK || json.nodes[0].type != NGX_GW_JSON_OBJECT) {
        return NULL;
    }

    index = ngx_palloc(pool, json.nnodes * sizeof(ngx_gw_member_t));
    map = ngx_pcalloc(pool, json.nnodes * sizeof(uint32_t));

    /* what is inside of arrays is left out */

    k = 0;

    for (i = 1; i < json.nnodes; i++) {
        node = &json.nodes[i];

        map[i] = k;
        index[k].hash = node->hash;
        index[k].name = node->name;
        index[k].nlen = node->nlen;
        index[k].pos = node->pos;
        index[k].len = node->len;
        index[k].next = node->next;
        index[k].type = node->type;
        index[k].escaped = (node->flags & NGX_GW_JSON_NAME_ESC) != 0;
        index[k].empty = (node->type >= NGX_GW_JSON_ARRAY && node->count == 0);

        if (node->type == NGX_GW_JSON_STRING) {
            index[k].pos--;
            index[k].len += 2;
        }

        k++;

        if (node->type == NGX_GW_JSON_ARRAY) {
            end = node->pos + node->len;

            while (i + 1 < json.nnodes && json.nodes[i + 1].pos < end) {
                i++;
            }
        }
    }

    for (j = 0; j < k; j++) {
        parent = index[j].next;
        index[j].next = parent ? map[parent] : 0;
    }

    *n = k;

    return index;
}


#endif /* _DOCUMENT_HELP_H_INCLUDED_ */
