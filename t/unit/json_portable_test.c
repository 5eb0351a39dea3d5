/* unit: t/unit/json_portable.c */

#include "json_test.c"
