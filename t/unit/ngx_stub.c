
/*
 * The functions of ngx_stub.h.
 */


#include "ngx_stub.h"


struct ngx_stub_alloc_s {
    void                     *data;
    ngx_stub_alloc_t         *next;
};


/* pages between two guards */
typedef struct {
    u_char                   *data;
    size_t                    size;
} unit_guard_t;


static void *ngx_stub_malloc(size_t alignment, size_t size);
static void ngx_stub_encode_base64(ngx_str_t *dst, ngx_str_t *src,
    const char *alphabet, ngx_uint_t padding);
static u_char *ngx_stub_number(u_char *buf, u_char *last, uint64_t n,
    u_char zero, ngx_uint_t hex, ngx_uint_t width);
static void unit_guard_map(unit_guard_t *guard, size_t len);


static ngx_time_t            ngx_stub_cached_time = { 1700000000, 0, 0 };

volatile ngx_time_t         *ngx_cached_time = &ngx_stub_cached_time;
volatile ngx_msec_t          ngx_current_msec;

ngx_int_t                    ngx_stub_allocs_left = -1;

ngx_log_t                    ngx_stub_log = { NGX_LOG_DEBUG, NULL, NULL };
ngx_uint_t                   ngx_stub_log_level;
ngx_uint_t                   ngx_stub_log_count;
char                         ngx_stub_log_text[2048];

ngx_uint_t                   ngx_pagesize = 4096;
ngx_uint_t                   ngx_cacheline_size = 64;
ngx_pid_t                    ngx_pid = 1;

static ngx_uint_t            unit_run;
static ngx_uint_t            unit_failed;


void
ngx_strlow(u_char *dst, u_char *src, size_t n)
{
    for ( /* void */ ; n; n--) {
        *dst++ = ngx_tolower(*src);
        src++;
    }
}


u_char *
ngx_cpystrn(u_char *dst, u_char *src, size_t n)
{
    if (n == 0) {
        return dst;
    }

    for ( /* void */ ; --n && *src; dst++, src++) {
        *dst = *src;
    }

    *dst = '\0';

    return dst;
}


u_char *
ngx_pstrdup(ngx_pool_t *pool, ngx_str_t *src)
{
    u_char  *dst;

    dst = ngx_pnalloc(pool, src->len);

    if (dst && src->len) {
        ngx_memcpy(dst, src->data, src->len);
    }

    return dst;
}


ngx_int_t
ngx_strcasecmp(u_char *s1, u_char *s2)
{
    return strcasecmp((char *) s1, (char *) s2);
}


ngx_int_t
ngx_strncasecmp(u_char *s1, u_char *s2, size_t n)
{
    return strncasecmp((char *) s1, (char *) s2, n);
}


ngx_int_t
ngx_memn2cmp(u_char *s1, u_char *s2, size_t n1, size_t n2)
{
    ngx_int_t  rc;

    rc = ngx_memcmp(s1, s2, ngx_min(n1, n2));

    if (rc || n1 == n2) {
        return rc;
    }

    return n1 < n2 ? -1 : 1;
}


/* the search ends at a null byte */

u_char *
ngx_strnstr(u_char *s1, char *s2, size_t n)
{
    size_t  i, len;

    len = strlen(s2);
    n = strnlen((const char *) s1, n);

    for (i = 0; i + len <= n; i++) {
        if (memcmp(s1 + i, s2, len) == 0) {
            return s1 + i;
        }
    }

    return NULL;
}


/* s2 has n + 1 characters, and may have any case */

u_char *
ngx_strlcasestrn(u_char *s1, u_char *last, u_char *s2, size_t n)
{
    for ( /* void */ ; last - s1 > (ptrdiff_t) n; s1++) {
        if (ngx_strncasecmp(s1, s2, n + 1) == 0) {
            return s1;
        }
    }

    return NULL;
}


ngx_int_t
ngx_hextoi(u_char *line, size_t n)
{
    u_char     c;
    ngx_int_t  value;

    if (n == 0) {
        return NGX_ERROR;
    }

    for (value = 0; n--; line++) {

        if (value > NGX_MAX_INT_T_VALUE / 16) {
            return NGX_ERROR;
        }

        c = *line | 0x20;

        if (*line >= '0' && *line <= '9') {
            value = value * 16 + (*line - '0');

        } else if (c >= 'a' && c <= 'f') {
            value = value * 16 + (c - 'a' + 10);

        } else {
            return NGX_ERROR;
        }
    }

    return value;
}


ngx_int_t
ngx_atoi(u_char *line, size_t n)
{
    ngx_int_t  value;

    if (n == 0) {
        return NGX_ERROR;
    }

    for (value = 0; n; n--, line++) {

        if (*line < '0' || *line > '9'
            || __builtin_mul_overflow(value, 10, &value)
            || __builtin_add_overflow(value, *line - '0', &value))
        {
            return NGX_ERROR;
        }
    }

    return value;
}


u_char *
ngx_hex_dump(u_char *dst, u_char *src, size_t len)
{
    static const u_char  hex[] = "0123456789abcdef";

    for ( /* void */ ; len; len--, src++) {
        *dst++ = hex[*src >> 4];
        *dst++ = hex[*src & 0xf];
    }

    return dst;
}


/* without dst: by how much longer the result is */

uintptr_t
ngx_escape_json(u_char *dst, u_char *src, size_t size)
{
    size_t       len;
    u_char       buf[8];
    const char  *p;

    static const char  special[] = "\"\\\n\r\t\b\f";
    static const char  letters[] = "\"\\nrtbf";

    len = 0;

    for ( /* void */ ; size; size--, src++) {
        p = *src ? strchr(special, *src) : NULL;

        if (p) {
            sprintf((char *) buf, "\\%c", letters[p - special]);

        } else if (*src < 0x20) {
            sprintf((char *) buf, "\\u%04X", *src);

        } else {
            sprintf((char *) buf, "%c", *src);
        }

        if (dst) {
            dst = ngx_cpymem(dst, buf, strlen((char *) buf));
        }

        len += strlen((char *) buf) - 1;
    }

    return dst ? (uintptr_t) dst : len;
}


/* MurmurHash2, 32 bits, the length as the seed */

uint32_t
ngx_murmur_hash2(u_char *data, size_t len)
{
    size_t          i;
    uint32_t        h, k;

    const uint32_t  m = 0x5bd1e995;

    h = (uint32_t) len;

    for ( /* void */ ; len >= 4; len -= 4, data += 4) {
        k = data[0] | data[1] << 8 | data[2] << 16 | (uint32_t) data[3] << 24;

        k *= m;
        k ^= k >> 24;
        k *= m;

        h *= m;
        h ^= k;
    }

    if (len) {
        for (i = 0; i < len; i++) {
            h ^= (uint32_t) data[i] << (8 * i);
        }

        h *= m;
    }

    h ^= h >> 13;
    h *= m;
    h ^= h >> 15;

    return h;
}


void
ngx_encode_base64(ngx_str_t *dst, ngx_str_t *src)
{
    ngx_stub_encode_base64(dst, src,
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 1);
}


void
ngx_encode_base64url(ngx_str_t *dst, ngx_str_t *src)
{
    ngx_stub_encode_base64(dst, src,
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 0);
}


static void
ngx_stub_encode_base64(ngx_str_t *dst, ngx_str_t *src, const char *alphabet,
    ngx_uint_t padding)
{
    size_t      i, j, n;
    u_char     *d;
    uint32_t    bits;

    d = dst->data;

    for (i = 0; i < src->len; i += 3) {
        n = ngx_min(src->len - i, 3);
        bits = 0;

        for (j = 0; j < 3; j++) {
            bits = bits << 8 | (j < n ? src->data[i + j] : 0);
        }

        for (j = 0; j < 4; j++) {
            if (j <= n) {
                *d++ = alphabet[(bits >> (18 - 6 * j)) & 63];

            } else if (padding) {
                *d++ = '=';
            }
        }
    }

    dst->len = d - dst->data;
}


u_char *
ngx_sprintf(u_char *buf, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf(buf, (u_char *) UINTPTR_MAX, fmt, args);
    va_end(args);

    return p;
}


u_char *
ngx_snprintf(u_char *buf, size_t max, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf(buf, buf + max, fmt, args);
    va_end(args);

    return p;
}


u_char *
ngx_slprintf(u_char *buf, u_char *last, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf(buf, last, fmt, args);
    va_end(args);

    return p;
}


u_char *
ngx_vslprintf(u_char *buf, u_char *last, const char *fmt, va_list args)
{
    size_t       len, slen;
    u_char       c, zero, *p;
    int64_t      i;
    uint64_t     u;
    ngx_str_t   *str;
    ngx_uint_t   width, sign, hex, fixed;

    while (*fmt && buf < last) {

        if (*fmt != '%') {
            *buf++ = *fmt++;
            continue;
        }

        fmt++;
        zero = (*fmt == '0') ? '0' : ' ';
        width = 0;
        sign = 1;
        hex = 0;
        fixed = 0;
        slen = (size_t) -1;

        while (*fmt >= '0' && *fmt <= '9') {
            width = width * 10 + (*fmt++ - '0');
        }

        for ( ;; fmt++) {

            if (*fmt == 'u') {
                sign = 0;

            } else if (*fmt == 'x' || *fmt == 'X') {
                hex = (*fmt == 'x') ? 1 : 2;
                sign = 0;

            } else if (*fmt == '*') {
                slen = va_arg(args, size_t);
                fixed = 1;

            } else {
                break;
            }
        }

        c = *fmt++;
        p = NULL;
        len = 0;
        i = 0;

        switch (c) {

        case 'V':
            str = va_arg(args, ngx_str_t *);
            p = str->data;
            len = str->len;
            break;

        case 's':
            p = va_arg(args, u_char *);
            len = fixed ? slen : ngx_strlen(p);
            break;

        case 'c':
            *buf++ = (u_char) va_arg(args, int);
            continue;

        case 'Z':
            *buf++ = '\0';
            continue;

        case 'N':
            *buf++ = '\n';
            continue;

        case '%':
            *buf++ = '%';
            continue;

        case 'p':
            i = (int64_t) va_arg(args, uintptr_t);
            hex = 2;
            sign = 0;
            zero = '0';
            width = 16;
            break;

        case 'd':
            i = sign ? (int64_t) va_arg(args, int)
                     : (int64_t) va_arg(args, unsigned int);
            break;

        case 'D':
            i = sign ? (int64_t) va_arg(args, int32_t)
                     : (int64_t) va_arg(args, uint32_t);
            break;

        case 'P':
            i = va_arg(args, ngx_pid_t);
            break;

        case 'i':
        case 'l':
        case 'z':
        case 'L':
        case 'O':
        case 'T':
        case 'M':
            i = va_arg(args, int64_t);
            break;

        default:
            fprintf(stderr, "ngx_vslprintf() stub: unknown format %c\n", c);
            abort();
        }

        if (c == 'V' || c == 's') {
            len = ngx_min(len, (size_t) (last - buf));

            if (len) {
                buf = ngx_cpymem(buf, p, len);
            }

            continue;
        }

        u = (uint64_t) i;

        if (sign && i < 0 && c != 'M') {
            *buf++ = '-';
            u = 0 - u;
        }

        buf = ngx_stub_number(buf, last, u, zero, hex, width);
    }

    return buf;
}


static u_char *
ngx_stub_number(u_char *buf, u_char *last, uint64_t n, u_char zero,
    ngx_uint_t hex, ngx_uint_t width)
{
    int     len;
    char    text[32];
    size_t  size;

    len = snprintf(text, sizeof(text),
                   hex == 0 ? "%" PRIu64 : hex == 1 ? "%" PRIx64 : "%" PRIX64,
                   n);

    while (width-- > (ngx_uint_t) len && buf < last) {
        *buf++ = zero;
    }

    size = ngx_min((size_t) len, (size_t) (last - buf));

    return ngx_cpymem(buf, text, size);
}


ngx_pool_t *
ngx_create_pool(size_t size, ngx_log_t *log)
{
    ngx_pool_t  *pool;

    pool = ngx_stub_malloc(0, sizeof(ngx_pool_t));

    if (pool) {
        pool->allocs = NULL;
        pool->cleanup = NULL;
        pool->log = log;
    }

    return pool;
}


void
ngx_destroy_pool(ngx_pool_t *pool)
{
    ngx_pool_cleanup_t  *c;

    for (c = pool->cleanup; c; c = c->next) {
        if (c->handler) {
            c->handler(c->data);
        }
    }

    ngx_reset_pool(pool);
    free(pool);
}


void
ngx_reset_pool(ngx_pool_t *pool)
{
    ngx_stub_alloc_t  *a, *next;

    for (a = pool->allocs; a; a = next) {
        next = a->next;
        free(a->data);
        free(a);
    }

    pool->allocs = NULL;
    pool->cleanup = NULL;
}


void *
ngx_palloc(ngx_pool_t *pool, size_t size)
{
    return ngx_pmemalign(pool, size, 0);
}


void *
ngx_pnalloc(ngx_pool_t *pool, size_t size)
{
    return ngx_pmemalign(pool, size, 0);
}


void *
ngx_pcalloc(ngx_pool_t *pool, size_t size)
{
    void  *p;

    p = ngx_pmemalign(pool, size, 0);

    if (p && size) {
        ngx_memzero(p, size);
    }

    return p;
}


void *
ngx_pmemalign(ngx_pool_t *pool, size_t size, size_t alignment)
{
    ngx_stub_alloc_t  *a;

    a = malloc(sizeof(ngx_stub_alloc_t));
    if (a == NULL) {
        return NULL;
    }

    a->data = ngx_stub_malloc(alignment, size);
    if (a->data == NULL) {
        free(a);
        return NULL;
    }

    a->next = pool->allocs;
    pool->allocs = a;

    return a->data;
}


/* unlike nginx's, it frees small allocations as well */

ngx_int_t
ngx_pfree(ngx_pool_t *pool, void *p)
{
    ngx_stub_alloc_t  *a, **link;

    for (link = &pool->allocs; *link; link = &(*link)->next) {
        a = *link;

        if (a->data == p) {
            *link = a->next;
            free(a->data);
            free(a);
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_pool_cleanup_t *
ngx_pool_cleanup_add(ngx_pool_t *pool, size_t size)
{
    ngx_pool_cleanup_t  *c;

    c = ngx_palloc(pool, sizeof(ngx_pool_cleanup_t));
    if (c == NULL) {
        return NULL;
    }

    c->handler = NULL;
    c->data = NULL;

    if (size) {
        c->data = ngx_palloc(pool, size);
        if (c->data == NULL) {
            return NULL;
        }
    }

    c->next = pool->cleanup;
    pool->cleanup = c;

    return c;
}


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    return ngx_stub_malloc(0, size);
}


void *
ngx_calloc(size_t size, ngx_log_t *log)
{
    void  *p;

    p = ngx_stub_malloc(0, size);

    if (p && size) {
        ngx_memzero(p, size);
    }

    return p;
}


void *
ngx_memalign(size_t alignment, size_t size, ngx_log_t *log)
{
    return ngx_stub_malloc(alignment, size);
}


static void *
ngx_stub_malloc(size_t alignment, size_t size)
{
    void  *p;

    if (ngx_stub_allocs_left == 0) {
        return NULL;
    }

    if (ngx_stub_allocs_left > 0) {
        ngx_stub_allocs_left--;
    }

    if (alignment == 0) {
        return malloc(size);
    }

    return posix_memalign(&p, alignment, size) ? NULL : p;
}


ngx_array_t *
ngx_array_create(ngx_pool_t *pool, ngx_uint_t n, size_t size)
{
    ngx_array_t  *a;

    a = ngx_palloc(pool, sizeof(ngx_array_t));

    if (a == NULL || ngx_array_init(a, pool, n, size) != NGX_OK) {
        return NULL;
    }

    return a;
}


void *
ngx_array_push(ngx_array_t *a)
{
    return ngx_array_push_n(a, 1);
}


void *
ngx_array_push_n(ngx_array_t *a, ngx_uint_t n)
{
    void        *p;
    ngx_uint_t   nalloc;

    if (a->nelts + n > a->nalloc) {
        nalloc = 2 * ngx_max(n, a->nalloc);

        p = ngx_palloc(a->pool, nalloc * a->size);
        if (p == NULL) {
            return NULL;
        }

        if (a->nelts) {
            ngx_memcpy(p, a->elts, a->nelts * a->size);
        }

        a->elts = p;
        a->nalloc = nalloc;
    }

    p = (u_char *) a->elts + a->nelts * a->size;
    a->nelts += n;

    return p;
}


ngx_chain_t *
ngx_alloc_chain_link(ngx_pool_t *pool)
{
    return ngx_palloc(pool, sizeof(ngx_chain_t));
}


ngx_int_t
ngx_list_init(ngx_list_t *list, ngx_pool_t *pool, ngx_uint_t n, size_t size)
{
    list->part.elts = ngx_palloc(pool, n * size);
    list->part.nelts = 0;
    list->part.next = NULL;
    list->last = &list->part;
    list->size = size;
    list->nalloc = n;
    list->pool = pool;

    return list->part.elts ? NGX_OK : NGX_ERROR;
}


void *
ngx_list_push(ngx_list_t *list)
{
    ngx_list_part_t  *part;

    part = list->last;

    if (part->nelts == list->nalloc) {
        part = ngx_palloc(list->pool, sizeof(ngx_list_part_t));
        if (part == NULL) {
            return NULL;
        }

        part->elts = ngx_palloc(list->pool, list->nalloc * list->size);
        if (part->elts == NULL) {
            return NULL;
        }

        part->nelts = 0;
        part->next = NULL;

        list->last->next = part;
        list->last = part;
    }

    return (u_char *) part->elts + part->nelts++ * list->size;
}


void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    u_char   *p, *last;
    va_list   args;

    p = (u_char *) ngx_stub_log_text;
    last = p + sizeof(ngx_stub_log_text) - 1;

    va_start(args, fmt);
    p = ngx_vslprintf(p, last, fmt, args);
    va_end(args);

    if (err) {
        p = ngx_slprintf(p, last, " (%d: %s)", err, strerror(err));
    }

    *p = '\0';

    ngx_stub_log_level = level;
    ngx_stub_log_count++;
}


void
ngx_stub_set_time(time_t sec, ngx_uint_t msec)
{
    ngx_stub_cached_time.sec = sec;
    ngx_stub_cached_time.msec = msec;
    ngx_current_msec = (ngx_msec_t) sec * 1000 + msec;
}


void
unit_ok(int ok, const char *fmt, ...)
{
    va_list  args;

    unit_run++;

    if (!ok) {
        unit_failed++;
    }

    printf("%sok %u - ", ok ? "" : "not ", (unsigned int) unit_run);

    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);

    printf("\n");
    fflush(stdout);
}


int
unit_done(void)
{
    printf("1..%u\n", (unsigned int) unit_run);

    return unit_failed ? 1 : 0;
}


u_char *
unit_guard_end(const void *data, size_t len)
{
    u_char               *p;

    static unit_guard_t   guard;

    unit_guard_map(&guard, len);

    p = guard.data + guard.size - len;

    if (len) {
        ngx_memcpy(p, data, len);
    }

    return p;
}


u_char *
unit_guard_begin(const void *data, size_t len)
{
    static unit_guard_t  guard;

    unit_guard_map(&guard, len);

    if (len) {
        ngx_memcpy(guard.data, data, len);
    }

    return guard.data;
}


static void
unit_guard_map(unit_guard_t *guard, size_t len)
{
    size_t   page, size;
    u_char  *p;

    if (guard->data && guard->size >= len) {
        return;
    }

    page = sysconf(_SC_PAGESIZE);

    if (guard->data) {
        (void) munmap(guard->data - page, guard->size + 2 * page);
    }

    size = ngx_align(len + 1, page);

    p = mmap(NULL, size + 2 * page, PROT_READ|PROT_WRITE,
             MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED
        || mprotect(p, page, PROT_NONE) != 0
        || mprotect(p + page + size, page, PROT_NONE) != 0)
    {
        perror("mmap() of a guarded area");
        exit(2);
    }

    guard->data = p + page;
    guard->size = size;
}
