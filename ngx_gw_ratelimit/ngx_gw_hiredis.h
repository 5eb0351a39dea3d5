
/* What differs between the versions of hiredis that are supported: 0.14 on. */


#ifndef _NGX_GW_HIREDIS_H_INCLUDED_
#define _NGX_GW_HIREDIS_H_INCLUDED_


#include <hiredis/hiredis.h>


#if (HIREDIS_MAJOR >= 1)

#define NGX_GW_HIREDIS_RESP3  1

typedef size_t  ngx_gw_hiredis_count_t;

/* what the reader is about to read */
#define ngx_gw_hiredis_task(reader)  ((reader)->task[(reader)->ridx])

#else

#define NGX_GW_HIREDIS_RESP3  0

typedef int  ngx_gw_hiredis_count_t;

#define ngx_gw_hiredis_task(reader)  (&(reader)->rstack[(reader)->ridx])

#endif


#endif /* _NGX_GW_HIREDIS_H_INCLUDED_ */
