
/*
 * Stands in for libFuzzer: feeds each file of a folder to the fuzz target it
 * is linked with, and prints TAP.  A sanitizer ends the program; the name of
 * the file at hand has then been printed.
 */


#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static int
replay(const char *path)
{
    FILE     *f;
    long      size;
    uint8_t  *data;

    f = fopen(path, "rb");
    if (f == NULL) {
        return 0;
    }

    if (fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) {
        fclose(f);
        return 0;
    }

    rewind(f);

    /* exactly the input, so that the byte after it is a red zone */

    data = malloc(size);

    if ((data == NULL && size > 0)
        || fread(data, 1, size, f) != (size_t) size)
    {
        free(data);
        fclose(f);
        return 0;
    }

    fclose(f);

    printf("# %s\n", path);
    fflush(stdout);

    (void) LLVMFuzzerTestOneInput(data, size);

    free(data);

    return 1;
}


int
main(int argc, char *const *argv)
{
    DIR            *dir;
    int             n, bad;
    char            path[4096];
    struct dirent  *ent;

    if (argc != 3) {
        fprintf(stderr, "usage: %s name folder\n", argv[0]);
        return 2;
    }

    n = 0;
    bad = 0;

    dir = opendir(argv[2]);

    while (dir != NULL && (ent = readdir(dir)) != NULL) {
        if (ent->d_name[0] == '.') {
            continue;
        }

        (void) snprintf(path, sizeof(path), "%s/%s", argv[2], ent->d_name);

        if (replay(path)) {
            n++;

        } else {
            bad++;
        }
    }

    if (dir != NULL) {
        closedir(dir);
    }

    printf("%s 1 - %s: %d inputs replayed, %d unreadable\n",
           (n > 0 && bad == 0) ? "ok" : "not ok", argv[1], n, bad);
    printf("1..1\n");

    return 0;
}
