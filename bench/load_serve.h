
/*
 * What load.c and its service, load_serve.c, share.
 */


#ifndef _LOAD_SERVE_H_INCLUDED_
#define _LOAD_SERVE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "load_grpc.h"


#define MAX_CONNS   1024
#define MAX_HEAD    8192


typedef enum {
    HEAD = 0,
    BODY,
    CHUNK_SIZE,
    CHUNK_SIZE_END,
    CHUNK,
    CHUNK_END,
    TRAILER,                    /* at the start of a line */
    TRAILER_LINE
} part_e;


typedef struct {
    int          fd;
    int          service;       /* a connection of the gateway */
    char         key[16];
    grpc_t      *grpc;          /* of the service, if that is asked for */
    size_t       len;           /* of buf */
    part_e       part;          /* of the reply, that is to come */
    size_t       need;          /* of it: bytes; of a chunk's size: so far */

    const char  *out;           /* of what is sent, what is still to be */
    size_t       left;
    int          blocked;
    int64_t      due;           /* when; 0: nothing waits */

    char         buf[MAX_HEAD];
} conn_t;


/* begins to listen, which makes ep */
void serve(int port);

/* a connection of the gateway has come, or something on it */
void serve_accept(void);
void serve_request(conn_t *c);

/* sends what was to wait until now */
void serve_due(void);

/* sends c->out, as far as that goes */
void send_rest(conn_t *c);

/* the files of -d */
void load_files(const char *folder);

/* of load.c: NULL is the listening socket */
void watch(int fd, conn_t *c);
int64_t now(void);
void die(const char *what);


extern int   ep;
extern long  serve_delay;       /* of gRPC, milliseconds */


#endif /* _LOAD_SERVE_H_INCLUDED_ */
