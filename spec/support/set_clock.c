/* Loaded before a server's own libraries: the time of day is what stands in the file that
 * SET_CLOCK names, in seconds. What measures durations alone goes on as it is. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int file = -1;

__attribute__((constructor)) static void open_file(void) {
    const char *name = getenv("SET_CLOCK");
    if (name) file = open(name, O_RDONLY | O_CLOEXEC);
}

static struct timespec read_file(void) {
    static double last; /* the file is empty while it is being written */
    char text[64];
    ssize_t length = pread(file, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = 0;
    double seconds = strtod(text, NULL);
    if (seconds > 0) last = seconds;
    double whole = (double)(time_t)last;
    return (struct timespec){(time_t)last, (long)((last - whole) * 1e9)};
}

int clock_gettime(clockid_t id, struct timespec *now) {
    if (file < 0 || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
        return (int)syscall(SYS_clock_gettime, id, now);
    *now = read_file();
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec t;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &t);
    *now = (struct timeval){t.tv_sec, t.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (out) *out = t.tv_sec;
    return t.tv_sec;
}
