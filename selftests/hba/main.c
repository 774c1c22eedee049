// SPDX-License-Identifier: GPL-2.0
/*
 * hba LINE...: see control.c for the lines. Prints "ready" once it listens, and then runs
 * until it gets a signal. A guest that goes away is followed by the next.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hba.h"

uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static void defaults(void)
{
	hba.ports = 6;
	hba.msi = 1;
	hba.intx = true;
	hba.cap = CAP_S64A | CAP_SNCQ | CAP_SCLO | CAP_SAM | 3u << CAP_ISS_SHIFT |
		  31u << CAP_NCS_SHIFT;
	hba.vs = 0x00010301;
	hba.vendor = 0x1b36;
	hba.device = 0x0a5c;
	hba.class = 0x010601;
	hba.seed = 1;
}

static void configure(int argc, char **argv)
{
	char line[512] = "ports 6";
	int i;

	control_line(line);
	for (i = 1; i < argc; i++) {
		const char *result;

		snprintf(line, sizeof(line), "%s", argv[i]);
		result = control_line(line);
		if (strncmp(result, "ok", 2))
			fail("%s: %s", argv[i], result);
	}
	if (user_fd() < 0)
		fail("usage: hba \"socket PATH\" [LINE...]");
}

static void loop(void)
{
	for (;;) {
		struct pollfd fds[] = { { user_fd(), POLLIN, 0 }, { control_fd(), POLLIN, 0 } };
		struct timespec wait = { 0 };
		uint64_t next = 0, time;

		hba_run(&next);
		time = now();
		if (next > time) {
			wait.tv_sec = (time_t)((next - time) / 1000000000);
			wait.tv_nsec = (long)((next - time) % 1000000000);
		}
		if (ppoll(fds, 2, next ? &wait : NULL, NULL) < 0 && errno != EINTR)
			fail("poll: %s", strerror(errno));
		if (fds[0].revents)
			user_ready();
		if (fds[1].revents)
			control_ready();
	}
}

static void finish(int signal)
{
	(void)signal;
	_Exit(0);
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, finish);
	setvbuf(stderr, NULL, _IOLBF, 0);
	defaults();
	configure(argc, argv);
	pci_init();
	hba_reset();
	puts("ready");
	fflush(stdout);
	loop();
}
