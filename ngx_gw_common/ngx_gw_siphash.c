
#include "ngx_gw_siphash.h"


#define ngx_gw_siphash_rotate(x, n)  ((x) << (n) | (x) >> (64 - (n)))


typedef struct {
    uint64_t  a, b, c, d;
} ngx_gw_siphash_t;


static ngx_inline void
ngx_gw_siphash_rounds(ngx_gw_siphash_t *s, ngx_uint_t n)
{
    while (n--) {
        s->a += s->b;
        s->c += s->d;
        s->b = ngx_gw_siphash_rotate(s->b, 13) ^ s->a;
        s->d = ngx_gw_siphash_rotate(s->d, 16) ^ s->c;
        s->a = ngx_gw_siphash_rotate(s->a, 32);

        s->c += s->b;
        s->a += s->d;
        s->b = ngx_gw_siphash_rotate(s->b, 17) ^ s->c;
        s->d = ngx_gw_siphash_rotate(s->d, 21) ^ s->a;
        s->c = ngx_gw_siphash_rotate(s->c, 32);
    }
}


/* n bytes, up to 8, the first the lowest */

static ngx_inline uint64_t
ngx_gw_siphash_word(const u_char *p, size_t n)
{
    uint64_t  word;

#if (NGX_HAVE_LITTLE_ENDIAN)

    if (n == 8) {
        ngx_memcpy(&word, p, 8);
        return word;
    }

#endif

    word = 0;

    while (n--) {
        word = word << 8 | p[n];
    }

    return word;
}


void
ngx_gw_siphash(const uint64_t key[2], const u_char *data, size_t len,
    uint64_t hash[2])
{
    size_t            left;
    uint64_t          word;
    ngx_gw_siphash_t  s;

    s.a = key[0] ^ 0x736f6d6570736575;
    s.b = key[1] ^ 0x646f72616e646f6d ^ 0xee;
    s.c = key[0] ^ 0x6c7967656e657261;
    s.d = key[1] ^ 0x7465646279746573;

    for (left = len; left >= 8; left -= 8) {
        word = ngx_gw_siphash_word(data, 8);
        data += 8;

        s.d ^= word;
        ngx_gw_siphash_rounds(&s, 1);
        s.a ^= word;
    }

    word = (uint64_t) len << 56 | ngx_gw_siphash_word(data, left);

    s.d ^= word;
    ngx_gw_siphash_rounds(&s, 1);
    s.a ^= word;

    s.c ^= 0xee;
    ngx_gw_siphash_rounds(&s, 3);
    hash[0] = s.a ^ s.b ^ s.c ^ s.d;

    s.b ^= 0xdd;
    ngx_gw_siphash_rounds(&s, 3);
    hash[1] = s.a ^ s.b ^ s.c ^ s.d;
}
