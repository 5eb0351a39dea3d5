/* unit: t/unit/base64url_portable.c */

#include "base64url_test.c"
