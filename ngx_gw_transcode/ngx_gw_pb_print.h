
/*
 * ngx_gw_pb_print: the wire format to JSON, the "printer" of protobuf's JSON
 * mapping.
 *
 * No tree and no recursion: fields are printed as they come.  Only where those
 * of a message are not in order (a repeated field in several pieces, a
 * singular one twice, which is legal and rare) they are sorted first.
 */


#ifndef _NGX_GW_PB_PRINT_H_INCLUDED_
#define _NGX_GW_PB_PRINT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_pb.h"


typedef struct ngx_gw_pb_printer_s  ngx_gw_pb_printer_t;


typedef struct {
    const ngx_gw_pb_schema_t *schema;    /* for Any */
    size_t                    max_size;  /* of a message, in JSON, give or take
                                            a buffer; 0: any */

    unsigned                  unpopulated:1;  /* also fields without presence
                                                 that are not set */
    unsigned                  proto_names:1;
    unsigned                  enum_numbers:1;
    unsigned                  indent:1;       /* two spaces a level */

    /* Any of types that the schema lacks: {"@type": ..., "value": base64}
       instead of an error */
    unsigned                  any_unknown:1;
} ngx_gw_pb_print_conf_t;


/*
 * A printer of any number of messages, one after the other.  It allocates from
 * pool, and reuses what it has.  NULL: no memory.
 */
ngx_gw_pb_printer_t *ngx_gw_pb_printer_create(ngx_pool_t *pool,
    const ngx_gw_pb_print_conf_t *conf);

/*
 * Prints a message, all of which is in wire, or, with field, the value of that
 * field in it (its default if it is not set).  The text is appended to the
 * chain at *out (NULL at first), in temporary memory buffers of pool with
 * room before their ends that the next call goes on to fill; *len is added to.
 * *out is either NULL or what earlier calls have made of it.
 *
 * NGX_OK; NGX_ERROR: no memory; NGX_DECLINED: malformed or longer than
 * max_size, see error().  Unless
 * it is NGX_OK, nothing was appended.
 */
ngx_int_t ngx_gw_pb_print(ngx_gw_pb_printer_t *printer,
    const ngx_gw_pb_message_t *message, const ngx_gw_pb_field_t *field,
    const u_char *wire, size_t wire_len, ngx_chain_t **out, size_t *len);

/* a few bytes of the caller's between messages: brackets, commas */
ngx_int_t ngx_gw_pb_print_bytes(ngx_gw_pb_printer_t *printer,
    const u_char *bytes, size_t n, ngx_chain_t **out, size_t *len);

/*
 * google.rpc.Status, {"code":5,"message":"...","details":[...]}, with details
 * from the serialized Status of grpc-status-details-bin (its code and message
 * give way to those given), which may be NULL.  Details that cannot be printed
 * are {"@type": ..., "value": base64}; a malformed Status has none.  message is
 * taken for UTF-8, what is none is replaced by U+FFFD.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_gw_pb_print_status(ngx_gw_pb_printer_t *printer,
    ngx_uint_t code, const ngx_str_t *message, const ngx_str_t *details,
    ngx_chain_t **out, size_t *len);

/*
 * Takes buffers back that earlier calls have made, once they are sent, with
 * their chain links, so that a stream of messages needs no more memory than
 * what is on its way.
 */
void ngx_gw_pb_printer_release(ngx_gw_pb_printer_t *printer,
    ngx_chain_t *sent);

/* what is wrong: `shop.v1.Order.items: cut in the middle` */
const ngx_str_t *ngx_gw_pb_printer_error(ngx_gw_pb_printer_t *printer);


#endif /* _NGX_GW_PB_PRINT_H_INCLUDED_ */
