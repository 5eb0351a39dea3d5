
/*
 * See load_grpc.h.  Header fields of requests are not looked at, and there is
 * no flow control: grpc_pass opens windows of 2^31 - 1 bytes, and so do we.
 */


#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "load_grpc.h"


#define PREFACE      24
#define HEAD         9
#define MAX_FRAME    16384
#define MAX_FILES    64
#define MAX_START    80             /* of a request, that are looked at */
#define WINDOW       0x7fffffff
#define UPDATE       (64 * 1024 * 1024)

#define DATA         0
#define HEADERS      1
#define SETTINGS     4
#define PING         6
#define WINDOW_UPDATE  8

#define END_STREAM   1
#define ACK          1
#define END_HEADERS  4


typedef struct {
    char        name[64];
    char       *reply;              /* frames; the stream is to be put in */
    size_t      len;
    size_t     *frames;             /* where they begin */
    size_t      nframes;
} file_t;


struct grpc_s {
    size_t      preface;            /* bytes of it still to come */
    unsigned    started:1;

    uint8_t     head[HEAD];         /* of the frame at hand */
    size_t      nhead;
    size_t      left;               /* of its payload */

    uint8_t     start[MAX_START];   /* of the request's message */
    size_t      nstart;
    size_t      received;           /* since the last update of the window */

    char       *out;
    size_t      pos, len, size;
};


static void add_file(const char *folder, const char *name);
static void add_frame(file_t *file, int type, int flags, const void *payload,
    size_t len);
static void frame(grpc_t *g);
static void answer(grpc_t *g, uint32_t stream);
static void put(grpc_t *g, int type, int flags, uint32_t stream,
    const void *payload, size_t len);
static char *room(grpc_t *g, size_t len);
static void write_head(char *p, int type, int flags, uint32_t stream,
    size_t len);
static uint32_t read_number(const uint8_t *p);
static void write_number(uint8_t *p, uint32_t n);
static void *must(void *p);


/* ":status: 200", "content-type: application/grpc" */
static const char  header[] = "\x88\x0f\x10\x10" "application/grpc";

static const char  trailer[] = "\x00\x0bgrpc-status\x01" "0";
static const char  not_found[] =
    "\x88\x0f\x10\x10" "application/grpc" "\x00\x0bgrpc-status\x01" "5";

static file_t      files[MAX_FILES];
static int         nfiles;


void
grpc_load_files(const char *folder)
{
    DIR            *dir;
    struct dirent  *entry;

    dir = opendir(folder);
    if (dir == NULL) {
        perror(folder);
        exit(1);
    }

    while ((entry = readdir(dir))) {
        if (entry->d_name[0] != '.' && nfiles < MAX_FILES
            && strlen(entry->d_name) < sizeof(files[0].name))
        {
            add_file(folder, entry->d_name);
        }
    }

    closedir(dir);
}


static void
add_file(const char *folder, const char *name)
{
    char         path[512];
    FILE        *f;
    size_t       n, size, whole;
    file_t      *file;
    uint8_t     *text, *p, *last;
    struct stat  st;

    snprintf(path, sizeof(path), "%s/%s", folder, name);

    f = fopen(path, "r");
    if (f == NULL || fstat(fileno(f), &st) == -1) {
        perror(path);
        exit(1);
    }

    size = st.st_size;
    text = must(malloc(size + 1));

    if (fread(text, 1, size, f) != size) {
        perror(path);
        exit(1);
    }

    fclose(f);

    file = &files[nfiles++];
    strcpy(file->name, name);

    add_frame(file, HEADERS, END_HEADERS, header, sizeof(header) - 1);

    /* each message has frames of its own */

    for (p = text, last = text + size; last - p >= 5; p += whole) {
        whole = 5 + read_number(p + 1);

        if (whole > (size_t) (last - p)) {
            fprintf(stderr, "load: %s is cut\n", path);
            exit(1);
        }

        for (size = 0; size < whole; size += n) {
            n = whole - size < MAX_FRAME ? whole - size : MAX_FRAME;
            add_frame(file, DATA, 0, p + size, n);
        }
    }

    add_frame(file, HEADERS, END_HEADERS | END_STREAM, trailer,
              sizeof(trailer) - 1);

    free(text);
}


static void
add_frame(file_t *file, int type, int flags, const void *payload, size_t len)
{
    file->reply = must(realloc(file->reply, file->len + HEAD + len));
    file->frames = must(realloc(file->frames,
                                (file->nframes + 1) * sizeof(size_t)));

    file->frames[file->nframes++] = file->len;

    write_head(file->reply + file->len, type, flags, 0, len);
    memcpy(file->reply + file->len + HEAD, payload, len);

    file->len += HEAD + len;
}


grpc_t *
grpc_create(void)
{
    grpc_t  *g;

    g = must(calloc(1, sizeof(grpc_t)));
    g->preface = PREFACE;

    return g;
}


void
grpc_free(grpc_t *g)
{
    if (g) {
        free(g->out);
        free(g);
    }
}


int
grpc_take(grpc_t *g, const char *p, size_t n)
{
    size_t       len, k;
    uint8_t      number[4], settings[6];
    const char  *last;

    last = p + n;

    len = g->preface < n ? g->preface : n;
    g->preface -= len;
    p += len;

    if (g->preface == 0 && !g->started) {
        g->started = 1;

        /* SETTINGS_INITIAL_WINDOW_SIZE, and the connection's own window */

        settings[0] = 0;
        settings[1] = 4;
        write_number(&settings[2], WINDOW);
        put(g, SETTINGS, 0, 0, settings, 6);

        write_number(number, WINDOW - 65535);
        put(g, WINDOW_UPDATE, 0, 0, number, 4);
    }

    while (p < last) {

        if (g->nhead < HEAD) {
            g->head[g->nhead++] = *p++;

            if (g->nhead < HEAD) {
                continue;
            }

            g->left = read_number(g->head) >> 8;

            if (g->left > MAX_FRAME) {
                return -1;
            }

            if (g->head[3] != DATA) {
                g->nstart = 0;
            }
        }

        len = (size_t) (last - p) < g->left ? (size_t) (last - p) : g->left;

        if (g->nstart < MAX_START) {
            k = MAX_START - g->nstart < len ? MAX_START - g->nstart : len;
            memcpy(g->start + g->nstart, p, k);
            g->nstart += k;
        }

        p += len;
        g->left -= len;

        if (g->left == 0) {
            frame(g);
            g->nhead = 0;
        }
    }

    return 0;
}


/* a frame is there; of DATA, the start of the first one is */

static void
frame(grpc_t *g)
{
    uint8_t   number[4];
    uint32_t  stream;

    stream = read_number(&g->head[5]);

    switch (g->head[3]) {

    case DATA:
        g->received += read_number(g->head) >> 8;

        if (g->received >= UPDATE) {
            write_number(number, g->received);
            put(g, WINDOW_UPDATE, 0, 0, number, 4);
            g->received = 0;
        }

        if (g->head[4] & END_STREAM) {
            answer(g, stream);
            g->nstart = 0;
        }

        break;

    case SETTINGS:
        if (!(g->head[4] & ACK)) {
            put(g, SETTINGS, ACK, 0, "", 0);
        }

        g->nstart = 0;
        break;

    case PING:
        if (!(g->head[4] & ACK)) {
            put(g, PING, ACK, 0, g->start, 8);
        }

        g->nstart = 0;
        break;

    default:
        g->nstart = 0;
        break;
    }
}


static void
answer(grpc_t *g, uint32_t stream)
{
    int      n;
    char    *p;
    size_t   i, len;
    file_t  *file;

    /* flag, length, tag, length, name */

    len = g->nstart > 7 && g->start[5] == 0x0a ? g->start[6] : 0;

    if (len == 0 || len > g->nstart - 7) {
        len = 0;
    }

    for (n = 0; n < nfiles; n++) {
        file = &files[n];

        if (strlen(file->name) != len
            || memcmp(file->name, &g->start[7], len) != 0)
        {
            continue;
        }

        p = room(g, file->len);
        memcpy(p, file->reply, file->len);

        for (i = 0; i < file->nframes; i++) {
            write_number((uint8_t *) p + file->frames[i] + 5, stream);
        }

        return;
    }

    put(g, HEADERS, END_HEADERS | END_STREAM, stream, not_found,
        sizeof(not_found) - 1);
}


static void
put(grpc_t *g, int type, int flags, uint32_t stream, const void *payload,
    size_t len)
{
    char  *p;

    p = room(g, HEAD + len);

    write_head(p, type, flags, stream, len);
    memcpy(p + HEAD, payload, len);
}


static char *
room(grpc_t *g, size_t len)
{
    char  *p;

    if (g->pos == g->len) {
        g->pos = 0;
        g->len = 0;
    }

    if (g->size - g->len < len) {
        g->size = 2 * (g->len + len);
        g->out = must(realloc(g->out, g->size));
    }

    p = g->out + g->len;
    g->len += len;

    return p;
}


const char *
grpc_output(const grpc_t *g, size_t *len)
{
    *len = g->len - g->pos;

    return g->out + g->pos;
}


void
grpc_sent(grpc_t *g, size_t n)
{
    g->pos += n;
}


static void
write_head(char *p, int type, int flags, uint32_t stream, size_t len)
{
    p[0] = (char) (len >> 16);
    p[1] = (char) (len >> 8);
    p[2] = (char) len;
    p[3] = (char) type;
    p[4] = (char) flags;

    write_number((uint8_t *) p + 5, stream);
}


static uint32_t
read_number(const uint8_t *p)
{
    return (uint32_t) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}


static void
write_number(uint8_t *p, uint32_t n)
{
    p[0] = n >> 24;
    p[1] = n >> 16;
    p[2] = n >> 8;
    p[3] = n;
}


static void *
must(void *p)
{
    if (p == NULL) {
        perror("memory");
        exit(1);
    }

    return p;
}
