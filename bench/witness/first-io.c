/*
 * Preloaded into fio: writes down when each process hands its first I/O to the kernel, by the clock that Node's
 * process.hrtime() reads. One line in the file named by SALVO_WITNESS: nanoseconds, pid.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

typedef int submit_function(void *context, long count, void **requests);

static submit_function *submit;
static const char *path;
static atomic_int seen;

/* fio --server forks a process for each run. */
static void in_forked_child(void)
{
	atomic_store(&seen, 0);
}

__attribute__((constructor)) static void begin(void)
{
	submit = (submit_function *)dlsym(RTLD_NEXT, "io_submit");
	path = getenv("SALVO_WITNESS");
	unsetenv("LD_PRELOAD"); /* not for the shells that wait at the gate */
	pthread_atfork(NULL, NULL, in_forked_child);
}

static void note(const struct timespec *at)
{
	char line[64];
	int length = snprintf(line, sizeof line, "%lld%09ld %d\n", (long long)at->tv_sec, at->tv_nsec, (int)getpid());
	int file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
	if (file < 0)
		return;
	if (write(file, line, (size_t)length) < 0)
		perror("witness");
	close(file);
}

int io_submit(void *context, long count, void **requests)
{
	struct timespec at;
	int result;

	if (atomic_load_explicit(&seen, memory_order_relaxed) || atomic_exchange(&seen, 1))
		return submit(context, count, requests);
	clock_gettime(CLOCK_MONOTONIC, &at);
	result = submit(context, count, requests);
	note(&at); /* after the I/O, which it would delay */
	return result;
}
