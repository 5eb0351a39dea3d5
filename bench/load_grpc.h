
/*
 * The service of load.c for those that ask it by gRPC: HTTP/2 without TLS, one
 * stream at a time on a connection, as nginx's grpc_pass asks.
 *
 * A request's first field is to be number 1, a string: the name of a file with
 * what is answered, messages with the five bytes of gRPC in front.  Without
 * such a file the status is 5.
 */


#ifndef _LOAD_GRPC_H_INCLUDED_
#define _LOAD_GRPC_H_INCLUDED_


#include <stddef.h>


typedef struct grpc_s  grpc_t;


void grpc_load_files(const char *folder);

/* of a connection, whose first bytes are a preface */
grpc_t *grpc_create(void);
void grpc_free(grpc_t *g);

/* takes what has come; -1: that is no HTTP/2 as expected */
int grpc_take(grpc_t *g, const char *p, size_t n);

/* what is to be sent, which the next call of grpc_take() may move */
const char *grpc_output(const grpc_t *g, size_t *len);
void grpc_sent(grpc_t *g, size_t n);


#endif /* _LOAD_GRPC_H_INCLUDED_ */
