
/*
 * As much of nginx's core as the ngx_gw_* files use, so that they compile,
 * and are tested, without nginx.  Each pool allocation is a malloc() of its
 * own: AddressSanitizer sees one that is overrun.  Names and semantics are
 * nginx's; what begins with ngx_stub_ or unit_ is for the tests alone.
 */


#ifndef _NGX_STUB_H_INCLUDED_
#define _NGX_STUB_H_INCLUDED_


#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>


#define nginx_version         1022001
#define NGINX_VERSION         "1.22.1"

#define NGX_LINUX             1
#define NGX_HAVE_LITTLE_ENDIAN  1
#define NGX_PTR_SIZE          8

#define ngx_inline            inline
#define ngx_cdecl
#define ngx_libc_cdecl

#define NGX_ALIGNMENT         sizeof(unsigned long)
#define ngx_align(d, a)       (((d) + (a - 1)) & ~(a - 1))
#define ngx_align_ptr(p, a)                                                   \
    (u_char *) (((uintptr_t) (p) + ((uintptr_t) a - 1)) & ~((uintptr_t) a - 1))

#define NGX_INT32_LEN         (sizeof("-2147483648") - 1)
#define NGX_INT64_LEN         (sizeof("-9223372036854775808") - 1)
#define NGX_INT_T_LEN         NGX_INT64_LEN
#define NGX_TIME_T_LEN        NGX_INT64_LEN
#define NGX_SIZE_T_LEN        NGX_INT64_LEN
#define NGX_PTR_LEN           16

#define NGX_MAX_INT_T_VALUE   INTPTR_MAX
#define NGX_MAX_INT32_VALUE   0x7fffffff
#define NGX_MAX_UINT32_VALUE  0xffffffff
#define NGX_MAX_SIZE_T_VALUE  PTRDIFF_MAX
#define NGX_MAX_TIME_T_VALUE  INT64_MAX
#define NGX_MAX_OFF_T_VALUE   INT64_MAX

#define NGX_OK                0
#define NGX_ERROR             -1
#define NGX_AGAIN             -2
#define NGX_BUSY              -3
#define NGX_DONE              -4
#define NGX_DECLINED          -5
#define NGX_ABORT             -6

#define NGX_CONF_OK           NULL
#define NGX_CONF_ERROR        (void *) -1

#define NGX_CONF_UNSET        -1
#define NGX_CONF_UNSET_UINT   (ngx_uint_t) -1
#define NGX_CONF_UNSET_PTR    (void *) -1
#define NGX_CONF_UNSET_SIZE   (size_t) -1
#define NGX_CONF_UNSET_MSEC   (ngx_msec_t) -1

#define LF                    (u_char) '\n'
#define CR                    (u_char) '\r'
#define CRLF                  "\r\n"

#define ngx_abs(v)            (((v) >= 0) ? (v) : - (v))
#define ngx_max(a, b)         ((a < b) ? (b) : (a))
#define ngx_min(a, b)         ((a > b) ? (b) : (a))


typedef unsigned char         u_char;
typedef intptr_t              ngx_int_t;
typedef uintptr_t             ngx_uint_t;
typedef intptr_t              ngx_flag_t;
typedef uintptr_t             ngx_msec_t;
typedef intptr_t              ngx_msec_int_t;
typedef int                   ngx_err_t;
typedef int                   ngx_fd_t;
typedef pid_t                 ngx_pid_t;

typedef struct ngx_pool_s     ngx_pool_t;
typedef struct ngx_log_s      ngx_log_t;


/* strings */

typedef struct {
    size_t                    len;
    u_char                   *data;
} ngx_str_t;

typedef struct {
    ngx_str_t                 key;
    ngx_str_t                 value;
} ngx_keyval_t;

#define ngx_string(str)       { sizeof(str) - 1, (u_char *) str }
#define ngx_null_string       { 0, NULL }
#define ngx_str_set(str, text)                                                \
    (str)->len = sizeof(text) - 1; (str)->data = (u_char *) text
#define ngx_str_null(str)     (str)->len = 0; (str)->data = NULL

#define ngx_tolower(c)                                                        \
    (u_char) ((c >= 'A' && c <= 'Z') ? (c | 0x20) : c)
#define ngx_toupper(c)                                                        \
    (u_char) ((c >= 'a' && c <= 'z') ? (c & ~0x20) : c)

#define ngx_memzero(buf, n)       (void) memset(buf, 0, n)
#define ngx_memset(buf, c, n)     (void) memset(buf, c, n)
#define ngx_explicit_memzero(buf, n)  explicit_bzero(buf, n)
#define ngx_memcpy(dst, src, n)   (void) memcpy(dst, src, n)
#define ngx_cpymem(dst, src, n)                                               \
    (((u_char *) memcpy(dst, src, n)) + (n))
#define ngx_copy                  ngx_cpymem
#define ngx_memmove(dst, src, n)  (void) memmove(dst, src, n)
#define ngx_movemem(dst, src, n)                                              \
    (((u_char *) memmove(dst, src, n)) + (n))
#define ngx_memcmp(s1, s2, n)     memcmp((const char *) s1,                   \
                                         (const char *) s2, n)

#define ngx_strncmp(s1, s2, n)                                                \
    strncmp((const char *) s1, (const char *) s2, n)
#define ngx_strcmp(s1, s2)        strcmp((const char *) s1, (const char *) s2)
#define ngx_strstr(s1, s2)        strstr((const char *) s1, (const char *) s2)
#define ngx_strlen(s)             strlen((const char *) s)
#define ngx_strchr(s1, c)         strchr((const char *) s1, (int) c)

static ngx_inline u_char *
ngx_strlchr(u_char *p, u_char *last, u_char c)
{
    while (p < last) {

        if (*p == c) {
            return p;
        }

        p++;
    }

    return NULL;
}

void ngx_strlow(u_char *dst, u_char *src, size_t n);
u_char *ngx_cpystrn(u_char *dst, u_char *src, size_t n);
u_char *ngx_pstrdup(ngx_pool_t *pool, ngx_str_t *src);
ngx_int_t ngx_strcasecmp(u_char *s1, u_char *s2);
ngx_int_t ngx_strncasecmp(u_char *s1, u_char *s2, size_t n);
ngx_int_t ngx_memn2cmp(u_char *s1, u_char *s2, size_t n1, size_t n2);
u_char *ngx_strnstr(u_char *s1, char *s2, size_t n);
u_char *ngx_strlcasestrn(u_char *s1, u_char *last, u_char *s2, size_t n);
ngx_int_t ngx_atoi(u_char *line, size_t n);
ngx_int_t ngx_hextoi(u_char *line, size_t n);
u_char *ngx_hex_dump(u_char *dst, u_char *src, size_t len);
uintptr_t ngx_escape_json(u_char *dst, u_char *src, size_t size);
uint32_t ngx_murmur_hash2(u_char *data, size_t len);

#define ngx_base64_encoded_length(len)  (((len + 2) / 3) * 4)
#define ngx_base64_decoded_length(len)  (((len + 3) / 4) * 3)

void ngx_encode_base64(ngx_str_t *dst, ngx_str_t *src);
void ngx_encode_base64url(ngx_str_t *dst, ngx_str_t *src);

/* %[0][width][u][x|X] of i d l z D L O T M, and V s *s c p P Z N % xd */
u_char *ngx_sprintf(u_char *buf, const char *fmt, ...);
u_char *ngx_snprintf(u_char *buf, size_t max, const char *fmt, ...);
u_char *ngx_slprintf(u_char *buf, u_char *last, const char *fmt, ...);
u_char *ngx_vslprintf(u_char *buf, u_char *last, const char *fmt,
    va_list args);
#define ngx_vsnprintf(buf, max, fmt, args)                                    \
    ngx_vslprintf(buf, buf + (max), fmt, args)


/* memory */

typedef void (*ngx_pool_cleanup_pt)(void *data);

typedef struct ngx_pool_cleanup_s  ngx_pool_cleanup_t;

struct ngx_pool_cleanup_s {
    ngx_pool_cleanup_pt       handler;
    void                     *data;
    ngx_pool_cleanup_t       *next;
};

typedef struct ngx_stub_alloc_s  ngx_stub_alloc_t;

struct ngx_pool_s {
    ngx_stub_alloc_t         *allocs;
    ngx_pool_cleanup_t       *cleanup;
    ngx_log_t                *log;
};

#define NGX_DEFAULT_POOL_SIZE  (16 * 1024)

ngx_pool_t *ngx_create_pool(size_t size, ngx_log_t *log);
void ngx_destroy_pool(ngx_pool_t *pool);
void ngx_reset_pool(ngx_pool_t *pool);

void *ngx_palloc(ngx_pool_t *pool, size_t size);
void *ngx_pnalloc(ngx_pool_t *pool, size_t size);
void *ngx_pcalloc(ngx_pool_t *pool, size_t size);
void *ngx_pmemalign(ngx_pool_t *pool, size_t size, size_t alignment);
ngx_int_t ngx_pfree(ngx_pool_t *pool, void *p);
ngx_pool_cleanup_t *ngx_pool_cleanup_add(ngx_pool_t *pool, size_t size);

void *ngx_alloc(size_t size, ngx_log_t *log);
void *ngx_calloc(size_t size, ngx_log_t *log);
void *ngx_memalign(size_t alignment, size_t size, ngx_log_t *log);

#define ngx_free              free

/* this many more allocations succeed, then all fail; < 0: none fails */
extern ngx_int_t  ngx_stub_allocs_left;


/* arrays */

typedef struct {
    void                     *elts;
    ngx_uint_t                nelts;
    size_t                    size;
    ngx_uint_t                nalloc;
    ngx_pool_t               *pool;
} ngx_array_t;

ngx_array_t *ngx_array_create(ngx_pool_t *pool, ngx_uint_t n, size_t size);
void *ngx_array_push(ngx_array_t *a);
void *ngx_array_push_n(ngx_array_t *a, ngx_uint_t n);

static ngx_inline ngx_int_t
ngx_array_init(ngx_array_t *array, ngx_pool_t *pool, ngx_uint_t n, size_t size)
{
    array->nelts = 0;
    array->size = size;
    array->nalloc = n;
    array->pool = pool;
    array->elts = ngx_palloc(pool, n * size);

    return array->elts ? NGX_OK : NGX_ERROR;
}


/* lists */

typedef struct ngx_list_part_s  ngx_list_part_t;

struct ngx_list_part_s {
    void                     *elts;
    ngx_uint_t                nelts;
    ngx_list_part_t          *next;
};

typedef struct {
    ngx_list_part_t          *last;
    ngx_list_part_t           part;
    size_t                    size;
    ngx_uint_t                nalloc;
    ngx_pool_t               *pool;
} ngx_list_t;

ngx_int_t ngx_list_init(ngx_list_t *list, ngx_pool_t *pool, ngx_uint_t n,
    size_t size);
void *ngx_list_push(ngx_list_t *list);


/* buffers and chains */

typedef struct ngx_buf_s      ngx_buf_t;
typedef struct ngx_chain_s    ngx_chain_t;

struct ngx_buf_s {
    u_char                   *pos;
    u_char                   *last;
    u_char                   *start;
    u_char                   *end;
    unsigned                  temporary:1;
    unsigned                  memory:1;
    unsigned                  last_buf:1;
};

struct ngx_chain_s {
    ngx_buf_t                *buf;
    ngx_chain_t              *next;
};

#define ngx_alloc_buf(pool)   ngx_palloc(pool, sizeof(ngx_buf_t))
#define ngx_calloc_buf(pool)  ngx_pcalloc(pool, sizeof(ngx_buf_t))

ngx_chain_t *ngx_alloc_chain_link(ngx_pool_t *pool);


/* queues */

typedef struct ngx_queue_s  ngx_queue_t;

struct ngx_queue_s {
    ngx_queue_t              *prev;
    ngx_queue_t              *next;
};

static ngx_inline void
ngx_stub_queue_link(ngx_queue_t *prev, ngx_queue_t *x, ngx_queue_t *next)
{
    x->prev = prev;
    x->next = next;
    prev->next = x;
    next->prev = x;
}

static ngx_inline void
ngx_stub_queue_unlink(ngx_queue_t *x)
{
    x->next->prev = x->prev;
    x->prev->next = x->next;
    x->prev = NULL;
    x->next = NULL;
}

#define ngx_queue_init(q)            (q)->prev = (q)->next = (q)
#define ngx_queue_empty(h)           ((h) == (h)->prev)
#define ngx_queue_head(h)            (h)->next
#define ngx_queue_last(h)            (h)->prev
#define ngx_queue_sentinel(h)        (h)
#define ngx_queue_next(q)            (q)->next
#define ngx_queue_prev(q)            (q)->prev
#define ngx_queue_insert_head(h, x)  ngx_stub_queue_link(h, x, (h)->next)
#define ngx_queue_insert_tail(h, x)  ngx_stub_queue_link((h)->prev, x, h)
#define ngx_queue_insert_after       ngx_queue_insert_head
#define ngx_queue_insert_before      ngx_queue_insert_tail
#define ngx_queue_remove(x)          ngx_stub_queue_unlink(x)
#define ngx_queue_data(q, type, link)                                         \
    ((type *) ((u_char *) (q) - offsetof(type, link)))


/* logs: the last message is kept */

#define NGX_LOG_STDERR        0
#define NGX_LOG_EMERG         1
#define NGX_LOG_ALERT         2
#define NGX_LOG_CRIT          3
#define NGX_LOG_ERR           4
#define NGX_LOG_WARN          5
#define NGX_LOG_NOTICE        6
#define NGX_LOG_INFO          7
#define NGX_LOG_DEBUG         8

#define NGX_LOG_DEBUG_CORE    0x010
#define NGX_LOG_DEBUG_HTTP    0x100

struct ngx_log_s {
    ngx_uint_t                log_level;
    void                     *data;
    char                     *action;
};

extern ngx_log_t   ngx_stub_log;
extern ngx_uint_t  ngx_stub_log_level;      /* of the last message */
extern ngx_uint_t  ngx_stub_log_count;      /* messages so far */
extern char        ngx_stub_log_text[2048]; /* the last one, ends in '\0' */

void ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...);

#define ngx_log_error(level, log, ...)                                        \
    ngx_log_error_core(level, log, __VA_ARGS__)

#define ngx_log_debug0(level, log, ...)
#define ngx_log_debug1(level, log, ...)
#define ngx_log_debug2(level, log, ...)
#define ngx_log_debug3(level, log, ...)
#define ngx_log_debug4(level, log, ...)
#define ngx_log_debug5(level, log, ...)
#define ngx_log_debug6(level, log, ...)
#define ngx_log_debug7(level, log, ...)
#define ngx_log_debug8(level, log, ...)

#define ngx_errno             errno
#define ngx_set_errno(err)    errno = err


/* time stands still until a test sets it */

typedef struct {
    time_t                    sec;
    ngx_uint_t                msec;
    ngx_int_t                 gmtoff;
} ngx_time_t;

extern volatile ngx_time_t  *ngx_cached_time;
extern volatile ngx_msec_t   ngx_current_msec;

#define ngx_time()            ngx_cached_time->sec
#define ngx_timeofday()       (ngx_time_t *) ngx_cached_time

void ngx_stub_set_time(time_t sec, ngx_uint_t msec);

#define ngx_random            random

extern ngx_uint_t  ngx_pagesize;


/* a zone's pool; who uses it in a test defines ngx_slab_alloc() */

typedef struct {
    ngx_uint_t                pfree;
    void                     *data;
} ngx_slab_pool_t;

void *ngx_slab_alloc(ngx_slab_pool_t *pool, size_t size);
extern ngx_uint_t  ngx_cacheline_size;
extern ngx_pid_t   ngx_pid;


/*
 * Tests print TAP: unit_ok() a line each, unit_done() the plan; main() returns
 * what unit_done() does.
 */

void unit_ok(int ok, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int unit_done(void);

/*
 * A copy of len bytes that ends right before (unit_guard_end()) or begins
 * right behind (unit_guard_begin()) a page that may not be touched.  Each
 * returned pointer is valid until the same function is called again.
 */
u_char *unit_guard_end(const void *data, size_t len);
u_char *unit_guard_begin(const void *data, size_t len);


#endif /* _NGX_STUB_H_INCLUDED_ */
