
/*
 * The scripts that Redis runs, one key each, by the clock of the server.
 * They hold in Lua what ngx_gw_limit.h does in C, over the same state.
 */


#ifndef _NGX_GW_SCRIPT_H_INCLUDED_
#define _NGX_GW_SCRIPT_H_INCLUDED_


#include "ngx_gw_redis.h"


/* whole fraction number tolerance tolerance_fraction cost
   -> admitted, arrival time - now, its fraction */
#define NGX_GW_SCRIPT_GCRA         0

/* the same, 0, and how much of the charge is not earned again -> nil */
#define NGX_GW_SCRIPT_GCRA_BACK    1

/* kind period offset quota cost -> admitted count last elapsed length id;
   kind: "f" or "s"; period 0: months */
#define NGX_GW_SCRIPT_WINDOW       2

/* the same, and the id of the window that was charged -> nil */
#define NGX_GW_SCRIPT_WINDOW_BACK  3

/* member limit ttl force -> admitted, in flight with it */
#define NGX_GW_SCRIPT_ACQUIRE      4

/* member -> nil */
#define NGX_GW_SCRIPT_RELEASE      5

/* member ttl -> nil */
#define NGX_GW_SCRIPT_RENEW        6

/* whole fraction number tolerance tolerance_fraction count reach from early
   -> see ngx_gw_lease_reply_t */
#define NGX_GW_SCRIPT_LEASE        7

#define NGX_GW_SCRIPTS             8


extern ngx_gw_redis_script_t  ngx_gw_scripts[NGX_GW_SCRIPTS];


/* reckons their SHA-1 */
void ngx_gw_script_init(void);


#endif /* _NGX_GW_SCRIPT_H_INCLUDED_ */
