
/*
 * SipHash-1-3 with a result of 128 bits (Aumasson, Bernstein: "SipHash: a
 * fast short-input PRF", and its reference implementation's 128-bit output):
 * the rounds that are usual for hash tables.
 */


#ifndef _NGX_GW_SIPHASH_H_INCLUDED_
#define _NGX_GW_SIPHASH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Who does not know the key cannot find two texts of one hash, nor tell
 * a text from its hash.
 */
void ngx_gw_siphash(const uint64_t key[2], const u_char *data, size_t len,
    uint64_t hash[2]);


#endif /* _NGX_GW_SIPHASH_H_INCLUDED_ */
