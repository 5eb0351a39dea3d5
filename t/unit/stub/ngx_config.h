
/*
 * Stands in for nginx's header of this name in unit tests and fuzz targets.
 */


#ifndef _NGX_CONFIG_H_INCLUDED_
#define _NGX_CONFIG_H_INCLUDED_


#include "../ngx_stub.h"


#endif /* _NGX_CONFIG_H_INCLUDED_ */
