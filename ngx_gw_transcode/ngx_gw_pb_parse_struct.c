
/*
 * ngx_gw_pb_parse, Struct, ListValue and Value: any JSON.
 */


#include "ngx_gw_pb_parse_internal.h"


/* fields.key, and Value's number_value, as any string and double */

static const ngx_gw_pb_field_t  ngx_gw_pb_struct_key = {
    .type = NGX_GW_PB_STRING,
    .wire = NGX_GW_PB_LEN,
    .ntag = 1,
    .tag = { 0x0a }
};

static const ngx_gw_pb_field_t  ngx_gw_pb_number_value = {
    .type = NGX_GW_PB_DOUBLE,
    .wire = NGX_GW_PB_I64,
    .ntag = 1,
    .tag = { 0x11 }
};


const u_char *
ngx_gw_pb_parse_struct_entry(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    ngx_uint_t  levels;

    if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
        return NULL;
    }

    levels = parser->nlevels;

    *parser->last++ = 0x0a;
    ngx_gw_pb_open_level(parser);

    p = ngx_gw_pb_parse_entry_key(parser, &ngx_gw_pb_struct_key, p);

    if (p == NULL || ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
        return NULL;
    }

    *parser->last++ = 0x12;
    ngx_gw_pb_open_level(parser);

    return ngx_gw_pb_parse_value(parser, p, levels);
}


const u_char *
ngx_gw_pb_parse_list_item(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    parser->frame->index++;

    if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
        return NULL;
    }

    *parser->last++ = 0x0a;
    ngx_gw_pb_open_level(parser);

    return ngx_gw_pb_parse_value(parser, p, parser->nlevels - 1);
}


/* a google.protobuf.Value: the numbers of its fields are 1 to 6 */

const u_char *
ngx_gw_pb_parse_value(ngx_gw_pb_parser_t *parser, const u_char *p,
    ngx_uint_t levels)
{
    ngx_uint_t  object;

    if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
        return NULL;
    }

    switch (*p) {

    case '{':
    case '[':
        object = (*p == '{');

        *parser->last++ = object ? 0x2a : 0x32;
        ngx_gw_pb_open_level(parser);

        return ngx_gw_pb_open_bracket(parser, p,
                                      object ? NGX_GW_PB_IN_STRUCT
                                             : NGX_GW_PB_IN_LIST, levels);

    case '"':
        p = ngx_gw_pb_parse_string(parser, (u_char *) "\x1a", 1, p, 1);
        break;

    case 't':

        if (parser->end - p < 4 || ngx_memcmp(p, "true", 4) != 0) {
            goto invalid;
        }

        *parser->last++ = 0x20;
        *parser->last++ = 1;
        p += 4;
        break;

    case 'f':

        if (parser->end - p < 5 || ngx_memcmp(p, "false", 5) != 0) {
            goto invalid;
        }

        *parser->last++ = 0x20;
        *parser->last++ = 0;
        p += 5;
        break;

    case 'n':

        if (!ngx_gw_pb_is_null(parser, p)) {
            goto invalid;
        }

        *parser->last++ = 0x08;
        *parser->last++ = 0;
        p += 4;
        break;

    default:
        p = ngx_gw_pb_parse_scalar(parser, &ngx_gw_pb_number_value, p,
                                   NGX_GW_PB_TAG|NGX_GW_PB_FORCE);
    }

    if (p == NULL || ngx_gw_pb_close_levels(parser, levels) != NGX_OK) {
        return NULL;
    }

    return p;

invalid:

    ngx_gw_pb_bad(parser, p, "is no value");

    return NULL;
}
