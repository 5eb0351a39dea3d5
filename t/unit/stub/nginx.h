
/*
 * Stands in for nginx's header of this name in unit tests and fuzz targets.
 */


#ifndef _NGINX_H_INCLUDED_
#define _NGINX_H_INCLUDED_


#include "../ngx_stub.h"


#endif /* _NGINX_H_INCLUDED_ */
