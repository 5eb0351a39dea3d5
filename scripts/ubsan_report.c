
/*
 * Linked into an nginx that is built with the sanitizers.  gcc's UBSan does
 * not read log_path where ASan is there too; its reports would end in
 * whatever error log is at hand.  UBSAN_LOG_PATH says where they go instead.
 */


#define _GNU_SOURCE

#include <dlfcn.h>
#include <stdlib.h>


typedef void (*set_path_pt)(const char *path);


void ngx_gw_ubsan_report(void) __attribute__((constructor));


void
ngx_gw_ubsan_report(void)
{
    void         *lib;
    const char   *path;
    set_path_pt   set_path;

    /* nginx's linker options are those of the modules too: only its own call
     * counts, a later one would cut off what was reported so far */

    if (dlsym(RTLD_DEFAULT, "ngx_gw_ubsan_report")
        != (void *) ngx_gw_ubsan_report)
    {
        return;
    }

    path = getenv("UBSAN_LOG_PATH");
    lib = dlopen("libubsan.so.1", RTLD_NOW|RTLD_NOLOAD);

    if (path == NULL || lib == NULL) {
        return;
    }

    set_path = (set_path_pt) dlsym(lib, "__sanitizer_set_report_path");

    if (set_path != NULL) {
        set_path(path);
    }
}
